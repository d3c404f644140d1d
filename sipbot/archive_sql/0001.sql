-- What reports over several sites need, one row for each call and each memo of each site.
-- A row is only ever replaced by one of the same or a higher rev (sipbot/archive_store.py).

CREATE TABLE sipbot.calls (
    site text NOT NULL,
    call text NOT NULL,
    rev integer NOT NULL, -- 1 goes on, 2 has ended, 3 the caller was erased
    client text, -- null: nobody claimed the number
    received_at timestamptz NOT NULL,
    answered_at timestamptz,
    ended_at timestamptz,
    ended_by text,
    state text,
    sip_code integer,
    rule text NOT NULL,
    number text,
    caller text,
    taken_here boolean NOT NULL, -- false: another site took it, and the client came from there
    archived_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (site, call)
);
CREATE INDEX calls_of_client ON sipbot.calls (client, received_at);

CREATE TABLE sipbot.memos (
    site text NOT NULL,
    id text NOT NULL,
    rev integer NOT NULL,
    call text NOT NULL,
    client text NOT NULL,
    status text NOT NULL,
    stage text NOT NULL,
    category text,
    updated_at timestamptz NOT NULL,
    payload jsonb NOT NULL, -- docs/memo.schema.json
    archived_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (site, id)
);
CREATE INDEX memos_of_call ON sipbot.memos (site, call);
CREATE INDEX memos_by_status ON sipbot.memos (status, client, id);
CREATE INDEX memos_by_id ON sipbot.memos (id, client);

CREATE TABLE sipbot.terms (
    site text NOT NULL,
    client text NOT NULL,
    since timestamptz NOT NULL,
    dialplan text NOT NULL,
    body jsonb NOT NULL,
    PRIMARY KEY (site, client, since)
);

-- A view, so that it can neither contradict a memo nor outlive its erasure.
CREATE VIEW sipbot.memo_history AS
SELECT
    memos.site,
    memos.id AS memo,
    memos.client,
    (entry ->> 'rev')::integer AS rev,
    (entry ->> 'at')::timestamptz AS at,
    entry ->> 'by' AS by,
    entry ->> 'what' AS what,
    entry ->> 'outcome' AS outcome,
    entry ->> 'text' AS text
FROM sipbot.memos AS memos
CROSS JOIN LATERAL jsonb_array_elements(memos.payload -> 'history') AS entry;
