-- A ledger as release 0001 of the tables left it: every kind of row.
BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE calls (
	call VARCHAR(63) NOT NULL, 
	received_at VARCHAR(32) NOT NULL, 
	source VARCHAR NOT NULL, 
	offer TEXT NOT NULL, 
	client VARCHAR(63), 
	rule VARCHAR NOT NULL, 
	number VARCHAR, 
	caller VARCHAR, 
	answered_at VARCHAR(32), 
	ended_at VARCHAR(32), 
	ended_by VARCHAR, 
	sip_code INTEGER, 
	state VARCHAR, 
	PRIMARY KEY (call), 
	CONSTRAINT state_known CHECK (state IN ('memo', 'no_message', 'abandoned_ringing', 'abandoned_greeting', 'transferred', 'refused_unmapped', 'refused_blocked', 'refused_capacity', 'refused_source', 'failed_media', 'failed_internal')), 
	CONSTRAINT ended_by_known CHECK (ended_by IN ('caller', 'sipbot', 'crash')), 
	CONSTRAINT ended_with_state CHECK ((state IS NULL) = (ended_at IS NULL))
);
INSERT INTO "calls" VALUES('019a9c3e-0000-7000-8000-000000000100','2026-11-20T03:04:05.000000+00:00','192.0.2.1:5060','{"call":"019a9c3e-0000-7000-8000-000000000100","received_at":"2026-11-20T03:04:05Z","source":"192.0.2.1:5060","sip_call_id":"a84b4c76e66710@192.0.2.1","request_uri":"sip:yamato@192.0.2.2","to":{"uri":"sip:yamato@192.0.2.2","name":""},"from":{"uri":"sip:0355501234@192.0.2.1","name":""},"asserted":[],"anonymous":false,"anonymous_reason":"","diversions":[],"history":[]}','yamato','request-uri','yamato','+81355501234','2026-11-20T03:04:05.000000+00:00','2026-11-20T03:04:25.000000+00:00','caller',200,'memo');
INSERT INTO "calls" VALUES('019a9c3e-0000-7000-8000-000000000101','2026-11-20T03:04:05.000000+00:00','192.0.2.1:5060','{"call":"019a9c3e-0000-7000-8000-000000000101","received_at":"2026-11-20T03:04:05Z","source":"192.0.2.1:5060","sip_call_id":"a84b4c76e66710@192.0.2.1","request_uri":"sip:yamato@192.0.2.2","to":{"uri":"sip:yamato@192.0.2.2","name":""},"from":{"uri":"sip:0355501234@192.0.2.1","name":""},"asserted":[],"anonymous":false,"anonymous_reason":"","diversions":[],"history":[]}','sakura','request-uri','sakura','+81355501234','2026-11-20T03:04:05.000000+00:00','2026-11-20T03:04:25.000000+00:00','caller',200,'memo');
INSERT INTO "calls" VALUES('019a9c3e-0000-7000-8000-000000000102','2026-11-20T03:04:05.000000+00:00','192.0.2.1:5060','{"call":"019a9c3e-0000-7000-8000-000000000102","received_at":"2026-11-20T03:04:05Z","source":"192.0.2.1:5060","sip_call_id":"a84b4c76e66710@192.0.2.1","request_uri":"sip:yamato@192.0.2.2","to":{"uri":"sip:yamato@192.0.2.2","name":""},"from":{"uri":"sip:0355501234@192.0.2.1","name":""},"asserted":[],"anonymous":false,"anonymous_reason":"","diversions":[],"history":[]}','yamato','request-uri','yamato','+81355501234','2026-11-20T03:04:05.000000+00:00','2026-11-20T03:04:25.000000+00:00','caller',200,'memo');
INSERT INTO "calls" VALUES('019a9c3e-0000-7000-8000-000000000110','2026-11-20T03:04:05.000000+00:00','192.0.2.1:5060','{"call":"019a9c3e-0000-7000-8000-000000000110","received_at":"2026-11-20T03:04:05Z","source":"192.0.2.1:5060","sip_call_id":"a84b4c76e66710@192.0.2.1","request_uri":"sip:yamato@192.0.2.2","to":{"uri":"sip:yamato@192.0.2.2","name":""},"from":{"uri":"sip:0355501234@192.0.2.1","name":""},"asserted":[],"anonymous":false,"anonymous_reason":"","diversions":[],"history":[]}',NULL,'unmapped',NULL,NULL,NULL,'2026-11-21T23:39:20.110189+00:00','sipbot',404,'refused_unmapped');
INSERT INTO "calls" VALUES('019a9c3e-0000-7000-8000-000000000111','2026-11-20T03:04:05.000000+00:00','192.0.2.1:5060','{"call":"019a9c3e-0000-7000-8000-000000000111","received_at":"2026-11-20T03:04:05Z","source":"192.0.2.1:5060","sip_call_id":"a84b4c76e66710@192.0.2.1","request_uri":"sip:yamato@192.0.2.2","to":{"uri":"sip:yamato@192.0.2.2","name":""},"from":{"uri":"sip:0355501234@192.0.2.1","name":""},"asserted":[],"anonymous":false,"anonymous_reason":"","diversions":[],"history":[]}','yamato','request-uri','yamato',NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE deliveries (
	id INTEGER NOT NULL, 
	memo VARCHAR(63) NOT NULL, 
	rev INTEGER NOT NULL, 
	client VARCHAR(63) NOT NULL, 
	seq INTEGER NOT NULL, 
	target VARCHAR NOT NULL, 
	payload TEXT NOT NULL, 
	event TEXT NOT NULL, 
	due_at VARCHAR(32) NOT NULL, 
	attempts INTEGER NOT NULL, 
	last_error VARCHAR, 
	delivered_at VARCHAR(32), 
	PRIMARY KEY (id), 
	CONSTRAINT deliveries_in_order UNIQUE (target, client, seq), 
	CONSTRAINT deliveries_once UNIQUE (target, memo, rev), 
	FOREIGN KEY(memo) REFERENCES memos (id)
);
INSERT INTO "deliveries" VALUES(1,'019a9c3e-0000-7000-8000-000000000200',1,'yamato',1,'mqtt','{"schema":1,"id":"019a9c3e-0000-7000-8000-000000000200","rev":1,"stage":"recorded","status":"open","client":"yamato","call":{"id":"019a9c3e-0000-7000-8000-000000000100","from":"sip:0355501234@192.0.2.1","to":"sip:yamato@192.0.2.2","diverted_from":[],"started_at":"2026-11-20T03:04:05Z","answered_at":null,"ended_at":"2026-11-20T03:04:25Z","duration_s":null,"ended_by":"caller","cut_off":false},"caller":{"number":"+81355501234","name":null,"anonymous":false,"calls_before":null,"last_result":null},"callback":{"number":"+81355501234","confirmed":false,"evidence":[{"source":"caller_id","number":"+81355501234","audio_from_s":null,"audio_to_s":null}]},"answers":{},"missing":[],"category":null,"urgency":"normal","text":null,"language":null,"confidence":null,"words":[],"recognition":{"engine":null,"model":null,"ears_pending":["vosk"],"problem":null},"audio":{"url":"https://console.example/audio/1","sha256":"0000000000000000000000000000000000000000000000000000000000000000","duration_s":12.5},"due_at":null,"holder":null,"history":[{"rev":1,"at":"2026-11-20T03:04:05Z","what":"recorded","by":"sipbot"}]}','{"schema":1,"type":"new","memo":"019a9c3e-0000-7000-8000-000000000200","rev":1,"seq":1,"changed":[]}','2026-11-20T03:04:25.000000+00:00',0,NULL,'2026-11-20T03:04:26.000000+00:00');
INSERT INTO "deliveries" VALUES(2,'019a9c3e-0000-7000-8000-000000000201',1,'sakura',1,'mqtt','{"schema":1,"id":"019a9c3e-0000-7000-8000-000000000201","rev":1,"stage":"recorded","status":"open","client":"sakura","call":{"id":"019a9c3e-0000-7000-8000-000000000101","from":"sip:0355501234@192.0.2.1","to":"sip:yamato@192.0.2.2","diverted_from":[],"started_at":"2026-11-20T03:04:05Z","answered_at":null,"ended_at":"2026-11-20T03:04:25Z","duration_s":null,"ended_by":"caller","cut_off":false},"caller":{"number":"+81355501234","name":null,"anonymous":false,"calls_before":null,"last_result":null},"callback":{"number":"+81355501234","confirmed":false,"evidence":[{"source":"caller_id","number":"+81355501234","audio_from_s":null,"audio_to_s":null}]},"answers":{},"missing":[],"category":null,"urgency":"normal","text":null,"language":null,"confidence":null,"words":[],"recognition":{"engine":null,"model":null,"ears_pending":["vosk"],"problem":null},"audio":{"url":"https://console.example/audio/1","sha256":"0000000000000000000000000000000000000000000000000000000000000000","duration_s":12.5},"due_at":null,"holder":null,"history":[{"rev":1,"at":"2026-11-20T03:04:05Z","what":"recorded","by":"sipbot"}]}','{"schema":1,"type":"new","memo":"019a9c3e-0000-7000-8000-000000000201","rev":1,"seq":1,"changed":[]}','2026-11-20T03:05:05.000000+00:00',1,'no PUBACK from the broker',NULL);
INSERT INTO "deliveries" VALUES(3,'019a9c3e-0000-7000-8000-000000000202',1,'yamato',2,'mqtt','{"schema":1,"id":"019a9c3e-0000-7000-8000-000000000202","rev":1,"stage":"recorded","status":"open","client":"yamato","call":{"id":"019a9c3e-0000-7000-8000-000000000102","from":"sip:0355501234@192.0.2.1","to":"sip:yamato@192.0.2.2","diverted_from":[],"started_at":"2026-11-20T03:04:05Z","answered_at":null,"ended_at":"2026-11-20T03:04:25Z","duration_s":null,"ended_by":"caller","cut_off":false},"caller":{"number":"+81355501234","name":null,"anonymous":false,"calls_before":null,"last_result":null},"callback":{"number":"+81355501234","confirmed":false,"evidence":[{"source":"caller_id","number":"+81355501234","audio_from_s":null,"audio_to_s":null}]},"answers":{},"missing":[],"category":null,"urgency":"normal","text":null,"language":null,"confidence":null,"words":[],"recognition":{"engine":null,"model":null,"ears_pending":["vosk"],"problem":null},"audio":{"url":"https://console.example/audio/1","sha256":"0000000000000000000000000000000000000000000000000000000000000000","duration_s":12.5},"due_at":null,"holder":null,"history":[{"rev":1,"at":"2026-11-20T03:04:05Z","what":"recorded","by":"sipbot"}]}','{"schema":1,"type":"new","memo":"019a9c3e-0000-7000-8000-000000000202","rev":1,"seq":2,"changed":[]}','2026-11-20T03:04:25.000000+00:00',0,NULL,NULL);
INSERT INTO "deliveries" VALUES(4,'019a9c3e-0000-7000-8000-000000000200',2,'yamato',3,'mqtt','{"schema":1,"id":"019a9c3e-0000-7000-8000-000000000200","rev":2,"stage":"transcribed","status":"open","client":"yamato","call":{"id":"019a9c3e-0000-7000-8000-000000000100","from":"sip:0355501234@192.0.2.1","to":"sip:yamato@192.0.2.2","diverted_from":[],"started_at":"2026-11-20T03:04:05Z","answered_at":null,"ended_at":"2026-11-20T03:04:25Z","duration_s":null,"ended_by":"caller","cut_off":false},"caller":{"number":"+81355501234","name":null,"anonymous":false,"calls_before":null,"last_result":null},"callback":{"number":"+81355501234","confirmed":false,"evidence":[{"source":"caller_id","number":"+81355501234","audio_from_s":null,"audio_to_s":null}]},"answers":{},"missing":[],"category":null,"urgency":"normal","text":"moshi moshi","language":"ja","confidence":null,"words":[{"text":"moshi","start_s":0.0,"end_s":0.5,"confidence":0.9},{"text":"moshi","start_s":1.0,"end_s":1.5,"confidence":0.9}],"recognition":{"engine":"vosk","model":"some-model","ears_pending":[],"problem":null},"audio":{"url":"https://console.example/audio/1","sha256":"0000000000000000000000000000000000000000000000000000000000000000","duration_s":12.5},"due_at":null,"holder":null,"history":[{"rev":1,"at":"2026-11-20T03:04:05Z","what":"recorded","by":"sipbot"},{"rev":2,"at":"2026-11-20T03:04:05Z","what":"transcribed","by":"sipbot"}]}','{"schema":1,"type":"update","memo":"019a9c3e-0000-7000-8000-000000000200","rev":2,"seq":3,"changed":["stage","text","language","words","recognition"]}','2026-11-21T23:39:20.001381+00:00',0,NULL,NULL);
INSERT INTO "deliveries" VALUES(5,'019a9c3e-0000-7000-8000-000000000202',2,'yamato',4,'mqtt','','{"schema":1,"type":"end","memo":"019a9c3e-0000-7000-8000-000000000202","rev":2,"seq":4,"changed":["status"]}','2026-11-21T23:39:20.040391+00:00',0,NULL,NULL);
CREATE TABLE memos (
	id VARCHAR(63) NOT NULL, 
	call VARCHAR(63) NOT NULL, 
	client VARCHAR(63) NOT NULL, 
	rev INTEGER NOT NULL, 
	stage VARCHAR NOT NULL, 
	status VARCHAR NOT NULL, 
	body TEXT NOT NULL, 
	updated_at VARCHAR(32) NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (call), 
	FOREIGN KEY(call) REFERENCES calls (call)
);
INSERT INTO "memos" VALUES('019a9c3e-0000-7000-8000-000000000200','019a9c3e-0000-7000-8000-000000000100','yamato',2,'transcribed','open','{"schema":1,"id":"019a9c3e-0000-7000-8000-000000000200","rev":2,"stage":"transcribed","status":"open","client":"yamato","call":{"id":"019a9c3e-0000-7000-8000-000000000100","from":"sip:0355501234@192.0.2.1","to":"sip:yamato@192.0.2.2","diverted_from":[],"started_at":"2026-11-20T03:04:05Z","answered_at":null,"ended_at":"2026-11-20T03:04:25Z","duration_s":null,"ended_by":"caller","cut_off":false},"caller":{"number":"+81355501234","name":null,"anonymous":false,"calls_before":null,"last_result":null},"callback":{"number":"+81355501234","confirmed":false,"evidence":[{"source":"caller_id","number":"+81355501234","audio_from_s":null,"audio_to_s":null}]},"answers":{},"missing":[],"category":null,"urgency":"normal","text":"moshi moshi","language":"ja","confidence":null,"words":[{"text":"moshi","start_s":0.0,"end_s":0.5,"confidence":0.9},{"text":"moshi","start_s":1.0,"end_s":1.5,"confidence":0.9}],"recognition":{"engine":"vosk","model":"some-model","ears_pending":[],"problem":null},"audio":{"url":"https://console.example/audio/1","sha256":"0000000000000000000000000000000000000000000000000000000000000000","duration_s":12.5},"due_at":null,"holder":null,"history":[{"rev":1,"at":"2026-11-20T03:04:05Z","what":"recorded","by":"sipbot"},{"rev":2,"at":"2026-11-20T03:04:05Z","what":"transcribed","by":"sipbot"}]}','2026-11-21T23:39:20.001381+00:00');
INSERT INTO "memos" VALUES('019a9c3e-0000-7000-8000-000000000201','019a9c3e-0000-7000-8000-000000000101','sakura',1,'recorded','open','{"schema":1,"id":"019a9c3e-0000-7000-8000-000000000201","rev":1,"stage":"recorded","status":"open","client":"sakura","call":{"id":"019a9c3e-0000-7000-8000-000000000101","from":"sip:0355501234@192.0.2.1","to":"sip:yamato@192.0.2.2","diverted_from":[],"started_at":"2026-11-20T03:04:05Z","answered_at":null,"ended_at":"2026-11-20T03:04:25Z","duration_s":null,"ended_by":"caller","cut_off":false},"caller":{"number":"+81355501234","name":null,"anonymous":false,"calls_before":null,"last_result":null},"callback":{"number":"+81355501234","confirmed":false,"evidence":[{"source":"caller_id","number":"+81355501234","audio_from_s":null,"audio_to_s":null}]},"answers":{},"missing":[],"category":null,"urgency":"normal","text":null,"language":null,"confidence":null,"words":[],"recognition":{"engine":null,"model":null,"ears_pending":["vosk"],"problem":null},"audio":{"url":"https://console.example/audio/1","sha256":"0000000000000000000000000000000000000000000000000000000000000000","duration_s":12.5},"due_at":null,"holder":null,"history":[{"rev":1,"at":"2026-11-20T03:04:05Z","what":"recorded","by":"sipbot"}]}','2026-11-20T03:04:25.000000+00:00');
INSERT INTO "memos" VALUES('019a9c3e-0000-7000-8000-000000000202','019a9c3e-0000-7000-8000-000000000102','yamato',2,'recorded','done','{"schema":1,"id":"019a9c3e-0000-7000-8000-000000000202","rev":2,"stage":"recorded","status":"done","client":"yamato","call":{"id":"019a9c3e-0000-7000-8000-000000000102","from":"sip:0355501234@192.0.2.1","to":"sip:yamato@192.0.2.2","diverted_from":[],"started_at":"2026-11-20T03:04:05Z","answered_at":null,"ended_at":"2026-11-20T03:04:25Z","duration_s":null,"ended_by":"caller","cut_off":false},"caller":{"number":"+81355501234","name":null,"anonymous":false,"calls_before":null,"last_result":null},"callback":{"number":"+81355501234","confirmed":false,"evidence":[{"source":"caller_id","number":"+81355501234","audio_from_s":null,"audio_to_s":null}]},"answers":{},"missing":[],"category":null,"urgency":"normal","text":null,"language":null,"confidence":null,"words":[],"recognition":{"engine":null,"model":null,"ears_pending":["vosk"],"problem":null},"audio":{"url":"https://console.example/audio/1","sha256":"0000000000000000000000000000000000000000000000000000000000000000","duration_s":12.5},"due_at":null,"holder":null,"history":[{"rev":1,"at":"2026-11-20T03:04:05Z","what":"recorded","by":"sipbot"}]}','2026-11-21T23:39:20.040391+00:00');
CREATE TABLE meta (
	name VARCHAR NOT NULL, 
	value INTEGER NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "meta" VALUES('seq:yamato',4);
INSERT INTO "meta" VALUES('seq:sakura',1);
CREATE INDEX calls_unfinished ON calls (state, received_at);
CREATE INDEX calls_by_caller ON calls (client, caller, received_at);
CREATE INDEX memos_by_status ON memos (status, client);
CREATE INDEX memos_by_stage ON memos (stage);
CREATE INDEX deliveries_waiting ON deliveries (target, client, seq) WHERE delivered_at IS NULL;
COMMIT;
