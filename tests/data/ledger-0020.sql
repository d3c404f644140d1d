-- A ledger as release 0020 of the tables left it: every kind of row, and a store that is followed.
BEGIN TRANSACTION;
CREATE TABLE acknowledgements (
	client VARCHAR(63) NOT NULL, 
	operator VARCHAR(63) NOT NULL, 
	sha256 VARCHAR(64) NOT NULL, 
	at VARCHAR(32) NOT NULL, 
	PRIMARY KEY (client, operator, sha256)
);
INSERT INTO "acknowledgements" VALUES('yamato','hanako','9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08','2026-11-20T03:04:05.000000+00:00');
CREATE TABLE actions (
	id INTEGER NOT NULL, 
	client VARCHAR(63) NOT NULL, 
	text VARCHAR NOT NULL, 
	who VARCHAR NOT NULL, 
	due VARCHAR(10) NOT NULL, 
	created_at VARCHAR(32) NOT NULL, 
	done_at VARCHAR(32), 
	PRIMARY KEY (id)
);
INSERT INTO "actions" VALUES(1,'yamato','Renew the greeting','hanako','2026-12-01','2026-11-20T03:04:05.000000+00:00',NULL);
INSERT INTO "actions" VALUES(2,'yamato','Send the rota','Yamato','2026-11-25','2026-11-20T03:04:05.000000+00:00','2026-11-21T03:04:05.000000+00:00');
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0020');
CREATE TABLE audit (
	id INTEGER NOT NULL, 
	at VARCHAR(32) NOT NULL, 
	action VARCHAR(63) NOT NULL, 
	account VARCHAR(63) NOT NULL, 
	address VARCHAR(63) NOT NULL, 
	client VARCHAR(63), 
	memo VARCHAR(63), 
	detail VARCHAR NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "audit" VALUES(1,'2026-11-20T03:04:05.000000+00:00','login','hanako','192.0.2.7',NULL,NULL,'');
INSERT INTO "audit" VALUES(2,'2026-11-20T03:04:05.000000+00:00','listen','hanako','192.0.2.7','yamato','019a9c3e-0000-7000-8000-000000000102','');
CREATE TABLE "call_notices" (
	call VARCHAR(63) NOT NULL, 
	prompt VARCHAR, 
	ended_at VARCHAR(32), 
	sha256 VARCHAR(64), 
	text VARCHAR DEFAULT '' NOT NULL, 
	began_at VARCHAR(32), 
	length_s FLOAT, 
	whole BOOLEAN DEFAULT '0' NOT NULL, 
	PRIMARY KEY (call), 
	FOREIGN KEY(call) REFERENCES calls (call)
);
INSERT INTO "call_notices" VALUES('019a9c3e-0000-7000-8000-000000000101','builtin:ja/notice','2026-11-22T13:10:00.000000+00:00',NULL,'',NULL,NULL,1);
INSERT INTO "call_notices" VALUES('019a9c3e-0000-7000-8000-000000000103','prompts/notice.wav','2026-11-20T03:04:10.000000+00:00','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','','2026-11-20T03:04:06.000000+00:00',4.0,1);
INSERT INTO "call_notices" VALUES('019a9c3e-0000-7000-8000-000000000105','builtin:ja/notice',NULL,'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb','','2026-11-20T03:04:06.000000+00:00',4.0,0);
INSERT INTO "call_notices" VALUES('019a9c3e-0000-7000-8000-000000000107',NULL,NULL,NULL,'',NULL,NULL,0);
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
INSERT INTO "calls" VALUES('019a9c3e-0000-7000-8000-000000000101','2026-11-20T03:04:05.000000+00:00','192.0.2.1:5060','{"call":"019a9c3e-0000-7000-8000-000000000101","received_at":"2026-11-20T03:04:05Z","source":"192.0.2.1:5060","sip_call_id":"a84b4c76e66710@192.0.2.1","request_uri":"sip:yamato@192.0.2.2","to":{"uri":"sip:yamato@192.0.2.2","name":""},"from":{"uri":"sip:0355501234@192.0.2.1","name":""},"asserted":[],"anonymous":false,"anonymous_reason":"","diversions":[],"history":[]}','yamato','request-uri','yamato','+81355501234','2026-11-20T03:04:06.000000+00:00','2026-11-20T03:04:25.000000+00:00','caller',200,'memo');
INSERT INTO "calls" VALUES('019a9c3e-0000-7000-8000-000000000103','2026-11-20T03:04:05.000000+00:00','192.0.2.1:5060','{"call":"019a9c3e-0000-7000-8000-000000000103","received_at":"2026-11-20T03:04:05Z","source":"192.0.2.1:5060","sip_call_id":"a84b4c76e66710@192.0.2.1","request_uri":"sip:yamato@192.0.2.2","to":{"uri":"sip:yamato@192.0.2.2","name":""},"from":{"uri":"sip:0355501234@192.0.2.1","name":""},"asserted":[],"anonymous":false,"anonymous_reason":"","diversions":[],"history":[]}','yamato','request-uri','yamato','+81355501234','2026-11-20T03:04:06.000000+00:00','2026-11-20T03:04:25.000000+00:00','caller',200,'memo');
INSERT INTO "calls" VALUES('019a9c3e-0000-7000-8000-000000000105','2026-11-20T03:04:05.000000+00:00','192.0.2.1:5060','{"call":"019a9c3e-0000-7000-8000-000000000105","received_at":"2026-11-20T03:04:05Z","source":"192.0.2.1:5060","sip_call_id":"a84b4c76e66710@192.0.2.1","request_uri":"sip:yamato@192.0.2.2","to":{"uri":"sip:yamato@192.0.2.2","name":""},"from":{"uri":"sip:0355501234@192.0.2.1","name":""},"asserted":[],"anonymous":false,"anonymous_reason":"","diversions":[],"history":[]}','sakura','request-uri','sakura','+81355501234','2026-11-20T03:04:06.000000+00:00','2026-11-20T03:04:25.000000+00:00','caller',200,'memo');
INSERT INTO "calls" VALUES('019a9c3e-0000-7000-8000-000000000107','2026-11-20T03:04:05.000000+00:00','192.0.2.1:5060','{"call":"019a9c3e-0000-7000-8000-000000000107","received_at":"2026-11-20T03:04:05Z","source":"192.0.2.1:5060","sip_call_id":"a84b4c76e66710@192.0.2.1","request_uri":"sip:yamato@192.0.2.2","to":{"uri":"sip:yamato@192.0.2.2","name":""},"from":{"uri":"sip:0355501234@192.0.2.1","name":""},"asserted":[],"anonymous":false,"anonymous_reason":"","diversions":[],"history":[]}','yamato','to','yamato',NULL,NULL,'2026-11-20T03:04:25.000000+00:00','caller',200,'no_message');
INSERT INTO "calls" VALUES('019a9c3e-0000-7000-8000-000000000108','2026-11-20T03:04:05.000000+00:00','192.0.2.1:5060','{"call":"019a9c3e-0000-7000-8000-000000000108","received_at":"2026-11-20T03:04:05Z","source":"192.0.2.1:5060","sip_call_id":"a84b4c76e66710@192.0.2.1","request_uri":"sip:yamato@192.0.2.2","to":{"uri":"sip:yamato@192.0.2.2","name":""},"from":{"uri":"sip:0355501234@192.0.2.1","name":""},"asserted":[],"anonymous":false,"anonymous_reason":"","diversions":[],"history":[]}',NULL,'unmapped',NULL,NULL,NULL,'2026-11-22T12:15:16.403116+00:00','sipbot',404,'refused_unmapped');
INSERT INTO "calls" VALUES('019a9c3e-0000-7000-8000-000000000109','2026-11-20T03:04:05.000000+00:00','192.0.2.1:5060','{"call":"019a9c3e-0000-7000-8000-000000000109","received_at":"2026-11-20T03:04:05Z","source":"192.0.2.1:5060","sip_call_id":"a84b4c76e66710@192.0.2.1","request_uri":"sip:yamato@192.0.2.2","to":{"uri":"sip:yamato@192.0.2.2","name":""},"from":{"uri":"sip:0355501234@192.0.2.1","name":""},"asserted":[],"anonymous":false,"anonymous_reason":"","diversions":[],"history":[]}','yamato','to','yamato',NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE calls_back (
	id VARCHAR(63) NOT NULL, 
	memo VARCHAR(63) NOT NULL, 
	client VARCHAR(63) NOT NULL, 
	"by" VARCHAR(63) NOT NULL, 
	extension VARCHAR NOT NULL, 
	number VARCHAR NOT NULL, 
	shown VARCHAR NOT NULL, 
	asked_at VARCHAR(32) NOT NULL, 
	connected_at VARCHAR(32), 
	ended_at VARCHAR(32), 
	ended VARCHAR, 
	outcome VARCHAR, 
	PRIMARY KEY (id), 
	CONSTRAINT call_back_ended CHECK ((ended IS NULL) = (ended_at IS NULL)), 
	FOREIGN KEY(memo) REFERENCES memos (id)
);
INSERT INTO "calls_back" VALUES('019a9c3e-0000-7000-8000-000000000201','019a9c3e-0000-7000-8000-000000000102','yamato','sato','sip:201@10.0.0.5','+81355501234','','2026-11-20T03:10:00.000000+00:00','2026-11-20T03:10:09.000000+00:00','2026-11-20T03:11:00.000000+00:00','talked','reached');
CREATE TABLE commands (
	client VARCHAR(63) NOT NULL, 
	req VARCHAR(63) NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	verb VARCHAR(63) NOT NULL, 
	"by" VARCHAR(63), 
	memo VARCHAR(63), 
	status VARCHAR NOT NULL, 
	code VARCHAR, 
	at VARCHAR(32) NOT NULL, 
	PRIMARY KEY (client, req, digest)
);
INSERT INTO "commands" VALUES('sakura','r1','8968052b7100994bd20ec3a89ff00bbb5ac19277cb76f613db60ff9f4dfd7ddc','claim','hanako','019a9c3e-0000-7000-8000-000000000106','accepted',NULL,'2026-11-20T03:04:05.000000+00:00');
INSERT INTO "commands" VALUES('sakura','r2','f4f4045166640042c81f5da9c14b8e9528ec5eac4d630ed843d1331ce4e3641d','callback','hanako','019a9c3e-0000-7000-8000-000000000106','accepted',NULL,'2026-11-20T03:04:05.000000+00:00');
INSERT INTO "commands" VALUES('sakura','r3','8f9f431fb8c85f710a2847198d8b94861c44cdd6db6368fd28e7ee91ee7cea55','claim',NULL,NULL,'rejected','bad_field','2026-11-20T03:04:05.000000+00:00');
INSERT INTO "commands" VALUES('sakura','r4','2dd4237b943864d79e699342a7e896a0179fe99db74f55dcc9dd72dbf9eb2ad5','snooze','hanako','019a9c3e-0000-7000-8000-000000000106','accepted',NULL,'2026-11-20T03:04:05.000000+00:00');
INSERT INTO "commands" VALUES('sakura','r5','9250f4e697cce109f5032d3788ee08282289b1189287e9b9e86cd0b01930dcee','claim','hanako','019a9c3e-0000-7000-8000-000000000106','accepted',NULL,'2026-11-20T03:04:05.000000+00:00');
CREATE TABLE consents (
	id INTEGER NOT NULL, 
	client VARCHAR(63) NOT NULL, 
	at VARCHAR(32) NOT NULL, 
	kind VARCHAR(63) NOT NULL, 
	"by" VARCHAR NOT NULL, 
	"on" VARCHAR(10) NOT NULL, 
	scope VARCHAR NOT NULL, 
	recipient VARCHAR NOT NULL, 
	document VARCHAR NOT NULL, 
	sha256 VARCHAR(64), 
	PRIMARY KEY (id)
);
INSERT INTO "consents" VALUES(1,'yamato','2026-11-22T13:00:00.000000+00:00','given','Sato','2026-11-20','handover','other-site','contract-17',NULL);
CREATE TABLE deliveries (
	id INTEGER NOT NULL, 
	memo VARCHAR(63), 
	rev INTEGER, 
	client VARCHAR(63) NOT NULL, 
	seq INTEGER, 
	target VARCHAR NOT NULL, 
	payload TEXT NOT NULL, 
	event TEXT NOT NULL, 
	due_at VARCHAR(32) NOT NULL, 
	attempts INTEGER NOT NULL, 
	last_error VARCHAR, 
	delivered_at VARCHAR(32), 
	refusals INTEGER DEFAULT '0' NOT NULL, 
	dead_at VARCHAR(32), 
	superseded_by INTEGER, 
	req VARCHAR(63), 
	PRIMARY KEY (id), 
	CONSTRAINT deliveries_in_order UNIQUE (target, client, seq), 
	CONSTRAINT deliveries_once UNIQUE (target, memo, rev), 
	CONSTRAINT revision_or_answer CHECK ((memo IS NULL) = (req IS NOT NULL)), 
	FOREIGN KEY(memo) REFERENCES memos (id)
);
INSERT INTO "deliveries" VALUES(1,'019a9c3e-0000-7000-8000-000000000102',1,'yamato',1,'mqtt','{"schema":1,"id":"019a9c3e-0000-7000-8000-000000000102","rev":1,"stage":"recorded","status":"open","client":"yamato","call":{"id":"019a9c3e-0000-7000-8000-000000000101","from":"sip:0355501234@192.0.2.1","to":"sip:yamato@192.0.2.2","diverted_from":[],"started_at":"2026-11-20T03:04:05Z","answered_at":null,"ended_at":"2026-11-20T03:04:25Z","duration_s":null,"ended_by":"caller","cut_off":false},"caller":{"number":"+81355501234","name":null,"anonymous":false,"calls_before":null,"last_result":null,"previous":[]},"callback":{"number":"+81355501234","shown":"+81 3-5550-1234","confirmed":false,"evidence":[{"source":"caller_id","number":"+81355501234","shown":"+81 3-5550-1234","valid":true,"engine":null,"audio_from_s":null,"audio_to_s":null}]},"answers":{},"asked":[],"missing":[],"discarded":[],"found":[],"gleaned":[],"corrections":[],"category":"claim","urgency":"normal","reasons":{"category":null,"urgency":null},"text":null,"language":null,"confidence":null,"words":[],"recognition":{"engine":null,"model":null,"ears_pending":["vosk"],"problem":null,"rule":null},"audio":{"url":"https://console.example/audio/1","sha256":"0000000000000000000000000000000000000000000000000000000000000000","duration_s":12.5,"speech_from_s":null,"speech_to_s":null},"due_at":null,"holder":null,"history":[{"rev":1,"at":"2026-11-20T03:04:05Z","what":"recorded","by":"sipbot"}]}','{"schema":1,"type":"new","memo":"019a9c3e-0000-7000-8000-000000000102","rev":1,"seq":1,"changed":[]}','2026-11-20T03:04:25.000000+00:00',0,NULL,'2026-11-20T03:04:26.000000+00:00',0,NULL,NULL,NULL);
INSERT INTO "deliveries" VALUES(2,'019a9c3e-0000-7000-8000-000000000104',1,'yamato',2,'mqtt','{"schema":1,"id":"019a9c3e-0000-7000-8000-000000000104","rev":1,"stage":"recorded","status":"open","client":"yamato","call":{"id":"019a9c3e-0000-7000-8000-000000000103","from":"sip:0355501234@192.0.2.1","to":"sip:yamato@192.0.2.2","diverted_from":[],"started_at":"2026-11-20T03:04:05Z","answered_at":null,"ended_at":"2026-11-20T03:04:25Z","duration_s":null,"ended_by":"caller","cut_off":false},"caller":{"number":"+81355501234","name":null,"anonymous":false,"calls_before":null,"last_result":null,"previous":[]},"callback":{"number":"+81355501234","shown":"+81 3-5550-1234","confirmed":false,"evidence":[{"source":"caller_id","number":"+81355501234","shown":"+81 3-5550-1234","valid":true,"engine":null,"audio_from_s":null,"audio_to_s":null}]},"answers":{},"asked":[],"missing":[],"discarded":[],"found":[],"gleaned":[],"corrections":[],"category":null,"urgency":"normal","reasons":{"category":null,"urgency":null},"text":null,"language":null,"confidence":null,"words":[],"recognition":{"engine":null,"model":null,"ears_pending":["vosk"],"problem":null,"rule":null},"audio":{"url":"https://console.example/audio/1","sha256":"0000000000000000000000000000000000000000000000000000000000000000","duration_s":12.5,"speech_from_s":null,"speech_to_s":null},"due_at":null,"holder":null,"history":[{"rev":1,"at":"2026-11-20T03:04:05Z","what":"recorded","by":"sipbot"}]}','{"schema":1,"type":"new","memo":"019a9c3e-0000-7000-8000-000000000104","rev":1,"seq":2,"changed":[]}','2026-11-20T03:04:25.000000+00:00',0,NULL,NULL,0,NULL,NULL,NULL);
INSERT INTO "deliveries" VALUES(3,'019a9c3e-0000-7000-8000-000000000106',1,'sakura',1,'mqtt','{"schema":1,"id":"019a9c3e-0000-7000-8000-000000000106","rev":1,"stage":"recorded","status":"open","client":"sakura","call":{"id":"019a9c3e-0000-7000-8000-000000000105","from":"sip:0355501234@192.0.2.1","to":"sip:yamato@192.0.2.2","diverted_from":[],"started_at":"2026-11-20T03:04:05Z","answered_at":null,"ended_at":"2026-11-20T03:04:25Z","duration_s":null,"ended_by":"caller","cut_off":false},"caller":{"number":"+81355501234","name":null,"anonymous":false,"calls_before":null,"last_result":null,"previous":[]},"callback":{"number":"+81355501234","shown":"+81 3-5550-1234","confirmed":false,"evidence":[{"source":"caller_id","number":"+81355501234","shown":"+81 3-5550-1234","valid":true,"engine":null,"audio_from_s":null,"audio_to_s":null}]},"answers":{},"asked":[],"missing":[],"discarded":[],"found":[],"gleaned":[],"corrections":[],"category":"sales","urgency":"normal","reasons":{"category":null,"urgency":null},"text":null,"language":null,"confidence":null,"words":[],"recognition":{"engine":null,"model":null,"ears_pending":["vosk"],"problem":null,"rule":null},"audio":{"url":"https://console.example/audio/1","sha256":"0000000000000000000000000000000000000000000000000000000000000000","duration_s":12.5,"speech_from_s":null,"speech_to_s":null},"due_at":null,"holder":null,"history":[{"rev":1,"at":"2026-11-20T03:04:05Z","what":"recorded","by":"sipbot"}]}','{"schema":1,"type":"new","memo":"019a9c3e-0000-7000-8000-000000000106","rev":1,"seq":1,"changed":[]}','2026-11-20T03:04:25.000000+00:00',1,'no PUBACK',NULL,1,'2026-11-20T03:05:35.000000+00:00',NULL,NULL);
INSERT INTO "deliveries" VALUES(4,'019a9c3e-0000-7000-8000-000000000102',2,'yamato',3,'mqtt','{"schema":1,"id":"019a9c3e-0000-7000-8000-000000000102","rev":2,"stage":"transcribed","status":"open","client":"yamato","call":{"id":"019a9c3e-0000-7000-8000-000000000101","from":"sip:0355501234@192.0.2.1","to":"sip:yamato@192.0.2.2","diverted_from":[],"started_at":"2026-11-20T03:04:05Z","answered_at":null,"ended_at":"2026-11-20T03:04:25Z","duration_s":null,"ended_by":"caller","cut_off":false},"caller":{"number":"+81355501234","name":null,"anonymous":false,"calls_before":null,"last_result":null,"previous":[]},"callback":{"number":"+81355501234","shown":"+81 3-5550-1234","confirmed":false,"evidence":[{"source":"caller_id","number":"+81355501234","shown":"+81 3-5550-1234","valid":true,"engine":null,"audio_from_s":null,"audio_to_s":null}]},"answers":{},"asked":[],"missing":[],"discarded":[],"found":[],"gleaned":[],"corrections":[],"category":"claim","urgency":"normal","reasons":{"category":"route","urgency":null},"text":"もしもし","language":"ja","confidence":null,"words":[{"text":"もしもし","start_s":0.0,"end_s":0.5,"confidence":0.9,"text_from":0,"text_to":4}],"recognition":{"engine":"vosk","model":"some-model","ears_pending":[],"problem":null,"rule":"first_text"},"audio":{"url":"https://console.example/audio/1","sha256":"0000000000000000000000000000000000000000000000000000000000000000","duration_s":12.5,"speech_from_s":null,"speech_to_s":null},"due_at":null,"holder":null,"history":[{"rev":1,"at":"2026-11-20T03:04:05Z","what":"recorded","by":"sipbot"},{"rev":2,"at":"2026-11-20T03:04:30Z","what":"transcribed","by":"sipbot"}]}','{"schema":1,"type":"update","memo":"019a9c3e-0000-7000-8000-000000000102","rev":2,"seq":3,"changed":["stage","reasons","text","language","words","recognition"]}','2026-11-22T12:15:12.762222+00:00',0,NULL,NULL,0,NULL,NULL,NULL);
INSERT INTO "deliveries" VALUES(5,'019a9c3e-0000-7000-8000-000000000104',2,'yamato',4,'mqtt','','{"schema":1,"type":"end","memo":"019a9c3e-0000-7000-8000-000000000104","rev":2,"seq":4,"changed":["status"]}','2026-11-22T12:15:13.365273+00:00',0,NULL,NULL,0,NULL,NULL,NULL);
INSERT INTO "deliveries" VALUES(6,'019a9c3e-0000-7000-8000-000000000106',2,'sakura',2,'mqtt','{"schema":1,"id":"019a9c3e-0000-7000-8000-000000000106","rev":2,"stage":"recorded","status":"claimed","client":"sakura","call":{"id":"019a9c3e-0000-7000-8000-000000000105","from":"sip:0355501234@192.0.2.1","to":"sip:yamato@192.0.2.2","diverted_from":[],"started_at":"2026-11-20T03:04:05Z","answered_at":null,"ended_at":"2026-11-20T03:04:25Z","duration_s":null,"ended_by":"caller","cut_off":false},"caller":{"number":"+81355501234","name":null,"anonymous":false,"calls_before":null,"last_result":null,"previous":[]},"callback":{"number":"+81355501234","shown":"+81 3-5550-1234","confirmed":false,"evidence":[{"source":"caller_id","number":"+81355501234","shown":"+81 3-5550-1234","valid":true,"doubted":false,"engine":null,"audio_from_s":null,"audio_to_s":null}]},"answers":{},"asked":[],"missing":[],"discarded":[],"found":[],"gleaned":[],"corrections":[],"category":"sales","urgency":"normal","reasons":{"category":null,"urgency":null},"text":null,"language":null,"confidence":null,"words":[],"recognition":{"engine":null,"model":null,"ears_pending":["vosk"],"problem":null,"rule":null,"not_understood":[]},"audio":{"url":"https://console.example/audio/1","sha256":"0000000000000000000000000000000000000000000000000000000000000000","duration_s":12.5,"speech_from_s":null,"speech_to_s":null},"due_at":null,"holder":"hanako","held_until":"2026-11-20T03:19:05Z","snoozed_until":null,"result":null,"history":[{"rev":1,"at":"2026-11-20T03:04:05Z","what":"recorded","by":"sipbot","text":null,"outcome":null,"until":null},{"rev":2,"at":"2026-11-20T03:04:05Z","what":"claimed","by":"hanako","text":null,"outcome":null,"until":"2026-11-20T03:19:05Z"}]}','{"schema":1,"type":"update","memo":"019a9c3e-0000-7000-8000-000000000106","rev":2,"seq":2,"changed":["status","holder","held_until"]}','2026-11-20T03:04:05.000000+00:00',0,NULL,NULL,0,NULL,NULL,NULL);
INSERT INTO "deliveries" VALUES(7,NULL,NULL,'sakura',NULL,'mqtt','{"schema":1,"req":"r1","verb":"claim","by":"hanako","memo":"019a9c3e-0000-7000-8000-000000000106","status":"accepted","code":null,"problem":null,"rev":2,"holder":"hanako","until":"2026-11-20T03:19:05Z","ts":"2026-11-20T03:04:05Z"}','','2026-11-20T03:04:05.000000+00:00',0,NULL,NULL,0,NULL,NULL,'r1');
INSERT INTO "deliveries" VALUES(8,'019a9c3e-0000-7000-8000-000000000106',3,'sakura',3,'mqtt','{"schema":1,"id":"019a9c3e-0000-7000-8000-000000000106","rev":3,"stage":"recorded","status":"claimed","client":"sakura","call":{"id":"019a9c3e-0000-7000-8000-000000000105","from":"sip:0355501234@192.0.2.1","to":"sip:yamato@192.0.2.2","diverted_from":[],"started_at":"2026-11-20T03:04:05Z","answered_at":null,"ended_at":"2026-11-20T03:04:25Z","duration_s":null,"ended_by":"caller","cut_off":false},"caller":{"number":"+81355501234","name":null,"anonymous":false,"calls_before":null,"last_result":null,"previous":[]},"callback":{"number":"+81355501234","shown":"+81 3-5550-1234","confirmed":false,"evidence":[{"source":"caller_id","number":"+81355501234","shown":"+81 3-5550-1234","valid":true,"doubted":false,"engine":null,"audio_from_s":null,"audio_to_s":null}]},"answers":{},"asked":[],"missing":[],"discarded":[],"found":[],"gleaned":[],"corrections":[],"category":"sales","urgency":"normal","reasons":{"category":null,"urgency":null},"text":null,"language":null,"confidence":null,"words":[],"recognition":{"engine":null,"model":null,"ears_pending":["vosk"],"problem":null,"rule":null,"not_understood":[]},"audio":{"url":"https://console.example/audio/1","sha256":"0000000000000000000000000000000000000000000000000000000000000000","duration_s":12.5,"speech_from_s":null,"speech_to_s":null},"due_at":null,"holder":"hanako","held_until":"2026-11-20T03:19:05Z","snoozed_until":null,"result":"no_answer","history":[{"rev":1,"at":"2026-11-20T03:04:05Z","what":"recorded","by":"sipbot","text":null,"outcome":null,"until":null},{"rev":2,"at":"2026-11-20T03:04:05Z","what":"claimed","by":"hanako","text":null,"outcome":null,"until":"2026-11-20T03:19:05Z"},{"rev":3,"at":"2026-11-20T03:04:05Z","what":"called_back","by":"hanako","text":"later","outcome":"no_answer","until":null}]}','{"schema":1,"type":"update","memo":"019a9c3e-0000-7000-8000-000000000106","rev":3,"seq":3,"changed":["result"]}','2026-11-20T03:04:05.000000+00:00',0,NULL,NULL,0,NULL,NULL,NULL);
INSERT INTO "deliveries" VALUES(9,NULL,NULL,'sakura',NULL,'mqtt','{"schema":1,"req":"r2","verb":"callback","by":"hanako","memo":"019a9c3e-0000-7000-8000-000000000106","status":"accepted","code":null,"problem":null,"rev":3,"holder":"hanako","until":"2026-11-20T03:19:05Z","ts":"2026-11-20T03:04:05Z"}','','2026-11-20T03:04:05.000000+00:00',0,NULL,NULL,0,NULL,NULL,'r2');
INSERT INTO "deliveries" VALUES(10,NULL,NULL,'sakura',NULL,'mqtt','{"schema":1,"req":"r3","verb":"claim","by":null,"memo":null,"status":"rejected","code":"bad_field","problem":"by = \"Hanako\": Use the operator''s name: 1 to 63 of a-z, 0-9 and -, not sipbot","rev":null,"holder":null,"until":null,"ts":"2026-11-20T03:04:05Z"}','','2026-11-20T03:04:05.000000+00:00',0,NULL,NULL,0,NULL,NULL,'r3');
INSERT INTO "deliveries" VALUES(11,'019a9c3e-0000-7000-8000-000000000106',4,'sakura',4,'mqtt','{"schema":1,"id":"019a9c3e-0000-7000-8000-000000000106","rev":4,"stage":"recorded","status":"open","client":"sakura","call":{"id":"019a9c3e-0000-7000-8000-000000000105","from":"sip:0355501234@192.0.2.1","to":"sip:yamato@192.0.2.2","diverted_from":[],"started_at":"2026-11-20T03:04:05Z","answered_at":null,"ended_at":"2026-11-20T03:04:25Z","duration_s":null,"ended_by":"caller","cut_off":false},"caller":{"number":"+81355501234","name":null,"anonymous":false,"calls_before":null,"last_result":null,"previous":[]},"callback":{"number":"+81355501234","shown":"+81 3-5550-1234","confirmed":false,"evidence":[{"source":"caller_id","number":"+81355501234","shown":"+81 3-5550-1234","valid":true,"doubted":false,"engine":null,"audio_from_s":null,"audio_to_s":null}]},"answers":{},"asked":[],"missing":[],"discarded":[],"found":[],"gleaned":[],"corrections":[],"category":"sales","urgency":"normal","reasons":{"category":null,"urgency":null},"text":null,"language":null,"confidence":null,"words":[],"recognition":{"engine":null,"model":null,"ears_pending":["vosk"],"problem":null,"rule":null,"not_understood":[]},"audio":{"url":"https://console.example/audio/1","sha256":"0000000000000000000000000000000000000000000000000000000000000000","duration_s":12.5,"speech_from_s":null,"speech_to_s":null},"due_at":"2026-11-20T04:04:05Z","holder":null,"held_until":null,"snoozed_until":"2026-11-20T04:04:05Z","result":"no_answer","history":[{"rev":1,"at":"2026-11-20T03:04:05Z","what":"recorded","by":"sipbot","text":null,"outcome":null,"until":null},{"rev":2,"at":"2026-11-20T03:04:05Z","what":"claimed","by":"hanako","text":null,"outcome":null,"until":"2026-11-20T03:19:05Z"},{"rev":3,"at":"2026-11-20T03:04:05Z","what":"called_back","by":"hanako","text":"later","outcome":"no_answer","until":null},{"rev":4,"at":"2026-11-20T03:04:05Z","what":"snoozed","by":"hanako","text":null,"outcome":null,"until":"2026-11-20T04:04:05Z"}]}','{"schema":1,"type":"update","memo":"019a9c3e-0000-7000-8000-000000000106","rev":4,"seq":4,"changed":["status","due_at","holder","held_until","snoozed_until"]}','2026-11-20T03:04:05.000000+00:00',0,NULL,NULL,0,NULL,NULL,NULL);
INSERT INTO "deliveries" VALUES(12,NULL,NULL,'sakura',NULL,'mqtt','{"schema":1,"req":"r4","verb":"snooze","by":"hanako","memo":"019a9c3e-0000-7000-8000-000000000106","status":"accepted","code":null,"problem":null,"rev":4,"holder":null,"until":null,"ts":"2026-11-20T03:04:05Z"}','','2026-11-20T03:04:05.000000+00:00',0,NULL,NULL,0,NULL,NULL,'r4');
INSERT INTO "deliveries" VALUES(13,'019a9c3e-0000-7000-8000-000000000106',5,'sakura',5,'mqtt','{"schema":1,"id":"019a9c3e-0000-7000-8000-000000000106","rev":5,"stage":"recorded","status":"claimed","client":"sakura","call":{"id":"019a9c3e-0000-7000-8000-000000000105","from":"sip:0355501234@192.0.2.1","to":"sip:yamato@192.0.2.2","diverted_from":[],"started_at":"2026-11-20T03:04:05Z","answered_at":null,"ended_at":"2026-11-20T03:04:25Z","duration_s":null,"ended_by":"caller","cut_off":false},"caller":{"number":"+81355501234","name":null,"anonymous":false,"calls_before":null,"last_result":null,"previous":[]},"callback":{"number":"+81355501234","shown":"+81 3-5550-1234","confirmed":false,"evidence":[{"source":"caller_id","number":"+81355501234","shown":"+81 3-5550-1234","valid":true,"doubted":false,"engine":null,"audio_from_s":null,"audio_to_s":null}]},"answers":{},"asked":[],"missing":[],"discarded":[],"found":[],"gleaned":[],"corrections":[],"category":"sales","urgency":"normal","reasons":{"category":null,"urgency":null},"text":null,"language":null,"confidence":null,"words":[],"recognition":{"engine":null,"model":null,"ears_pending":["vosk"],"problem":null,"rule":null,"not_understood":[]},"audio":{"url":"https://console.example/audio/1","sha256":"0000000000000000000000000000000000000000000000000000000000000000","duration_s":12.5,"speech_from_s":null,"speech_to_s":null},"due_at":"2026-11-20T04:04:05Z","holder":"hanako","held_until":"2026-11-20T03:19:05Z","snoozed_until":null,"result":"no_answer","history":[{"rev":1,"at":"2026-11-20T03:04:05Z","what":"recorded","by":"sipbot","text":null,"outcome":null,"until":null},{"rev":2,"at":"2026-11-20T03:04:05Z","what":"claimed","by":"hanako","text":null,"outcome":null,"until":"2026-11-20T03:19:05Z"},{"rev":3,"at":"2026-11-20T03:04:05Z","what":"called_back","by":"hanako","text":"later","outcome":"no_answer","until":null},{"rev":4,"at":"2026-11-20T03:04:05Z","what":"snoozed","by":"hanako","text":null,"outcome":null,"until":"2026-11-20T04:04:05Z"},{"rev":5,"at":"2026-11-20T03:04:05Z","what":"claimed","by":"hanako","text":null,"outcome":null,"until":"2026-11-20T03:19:05Z"}]}','{"schema":1,"type":"update","memo":"019a9c3e-0000-7000-8000-000000000106","rev":5,"seq":5,"changed":["status","holder","held_until","snoozed_until"]}','2026-11-20T03:04:05.000000+00:00',0,NULL,NULL,0,NULL,NULL,NULL);
INSERT INTO "deliveries" VALUES(14,NULL,NULL,'sakura',NULL,'mqtt','{"schema":1,"req":"r5","verb":"claim","by":"hanako","memo":"019a9c3e-0000-7000-8000-000000000106","status":"accepted","code":null,"problem":null,"rev":5,"holder":"hanako","until":"2026-11-20T03:19:05Z","ts":"2026-11-20T03:04:05Z"}','','2026-11-20T03:04:05.000000+00:00',0,NULL,NULL,0,NULL,NULL,'r5');
CREATE TABLE disclosures (
	id INTEGER NOT NULL, 
	at VARCHAR(32) NOT NULL, 
	kind VARCHAR(63) NOT NULL, 
	client VARCHAR(63) NOT NULL, 
	"by" VARCHAR(63) NOT NULL, 
	recipient VARCHAR NOT NULL, 
	basis VARCHAR NOT NULL, 
	what VARCHAR NOT NULL, 
	sha256 VARCHAR(64) NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "disclosures" VALUES(1,'2026-11-22T13:05:00.000000+00:00','export','yamato','root','other-site','consent','1 memo','aa');
CREATE TABLE erasures (
	call VARCHAR(63) NOT NULL, 
	kind VARCHAR(63) NOT NULL, 
	client VARCHAR(63), 
	memo VARCHAR(63), 
	at VARCHAR(32) NOT NULL, 
	rule VARCHAR NOT NULL, 
	"by" VARCHAR(63) NOT NULL, 
	reason VARCHAR NOT NULL, 
	PRIMARY KEY (call, kind), 
	FOREIGN KEY(call) REFERENCES calls (call)
);
INSERT INTO "erasures" VALUES('019a9c3e-0000-7000-8000-000000000101','audio','yamato','019a9c3e-0000-7000-8000-000000000102','2026-11-22T13:10:00.000000+00:00','keep.audio_days','sipbot','retention');
CREATE TABLE handovers (
	id VARCHAR(63) NOT NULL, 
	client VARCHAR(63) NOT NULL, 
	site VARCHAR(63) NOT NULL, 
	at VARCHAR(32) NOT NULL, 
	sha256 VARCHAR(64) NOT NULL, 
	state VARCHAR(63) NOT NULL, 
	contents TEXT NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE memos (
	id VARCHAR(63) NOT NULL, 
	call VARCHAR(63) NOT NULL, 
	client VARCHAR(63) NOT NULL, 
	rev INTEGER NOT NULL, 
	stage VARCHAR NOT NULL, 
	status VARCHAR NOT NULL, 
	body TEXT NOT NULL, 
	updated_at VARCHAR(32) NOT NULL, category VARCHAR(63), held_until VARCHAR(32), noticed_at VARCHAR(32), 
	PRIMARY KEY (id), 
	UNIQUE (call), 
	FOREIGN KEY(call) REFERENCES calls (call)
);
INSERT INTO "memos" VALUES('019a9c3e-0000-7000-8000-000000000102','019a9c3e-0000-7000-8000-000000000101','yamato',2,'transcribed','open','{"schema":1,"id":"019a9c3e-0000-7000-8000-000000000102","rev":2,"stage":"transcribed","status":"open","client":"yamato","call":{"id":"019a9c3e-0000-7000-8000-000000000101","from":"sip:0355501234@192.0.2.1","to":"sip:yamato@192.0.2.2","diverted_from":[],"started_at":"2026-11-20T03:04:05Z","answered_at":null,"ended_at":"2026-11-20T03:04:25Z","duration_s":null,"ended_by":"caller","cut_off":false},"caller":{"number":"+81355501234","name":null,"anonymous":false,"calls_before":null,"last_result":null,"previous":[]},"callback":{"number":"+81355501234","shown":"+81 3-5550-1234","confirmed":false,"evidence":[{"source":"caller_id","number":"+81355501234","shown":"+81 3-5550-1234","valid":true,"engine":null,"audio_from_s":null,"audio_to_s":null}]},"answers":{},"asked":[],"missing":[],"discarded":[],"found":[],"gleaned":[],"corrections":[],"category":"claim","urgency":"normal","reasons":{"category":"route","urgency":null},"text":"もしもし","language":"ja","confidence":null,"words":[{"text":"もしもし","start_s":0.0,"end_s":0.5,"confidence":0.9,"text_from":0,"text_to":4}],"recognition":{"engine":"vosk","model":"some-model","ears_pending":[],"problem":null,"rule":"first_text"},"audio":{"url":"https://console.example/audio/1","sha256":"0000000000000000000000000000000000000000000000000000000000000000","duration_s":12.5,"speech_from_s":null,"speech_to_s":null},"due_at":null,"holder":null,"history":[{"rev":1,"at":"2026-11-20T03:04:05Z","what":"recorded","by":"sipbot"},{"rev":2,"at":"2026-11-20T03:04:30Z","what":"transcribed","by":"sipbot"}]}','2026-11-22T12:15:12.762222+00:00','claim',NULL,'2026-11-22T12:15:12.762222+00:00');
INSERT INTO "memos" VALUES('019a9c3e-0000-7000-8000-000000000104','019a9c3e-0000-7000-8000-000000000103','yamato',2,'recorded','done','{"schema":1,"id":"019a9c3e-0000-7000-8000-000000000104","rev":2,"stage":"recorded","status":"done","client":"yamato","call":{"id":"019a9c3e-0000-7000-8000-000000000103","from":"sip:0355501234@192.0.2.1","to":"sip:yamato@192.0.2.2","diverted_from":[],"started_at":"2026-11-20T03:04:05Z","answered_at":null,"ended_at":"2026-11-20T03:04:25Z","duration_s":null,"ended_by":"caller","cut_off":false},"caller":{"number":"+81355501234","name":null,"anonymous":false,"calls_before":null,"last_result":null,"previous":[]},"callback":{"number":"+81355501234","shown":"+81 3-5550-1234","confirmed":false,"evidence":[{"source":"caller_id","number":"+81355501234","shown":"+81 3-5550-1234","valid":true,"engine":null,"audio_from_s":null,"audio_to_s":null}]},"answers":{},"asked":[],"missing":[],"discarded":[],"found":[],"gleaned":[],"corrections":[],"category":null,"urgency":"normal","reasons":{"category":null,"urgency":null},"text":null,"language":null,"confidence":null,"words":[],"recognition":{"engine":null,"model":null,"ears_pending":["vosk"],"problem":null,"rule":null},"audio":{"url":"https://console.example/audio/1","sha256":"0000000000000000000000000000000000000000000000000000000000000000","duration_s":12.5,"speech_from_s":null,"speech_to_s":null},"due_at":null,"holder":null,"history":[{"rev":1,"at":"2026-11-20T03:04:05Z","what":"recorded","by":"sipbot"}]}','2026-11-22T12:15:13.365273+00:00',NULL,NULL,'2026-11-22T12:15:13.365273+00:00');
INSERT INTO "memos" VALUES('019a9c3e-0000-7000-8000-000000000106','019a9c3e-0000-7000-8000-000000000105','sakura',5,'recorded','claimed','{"schema":1,"id":"019a9c3e-0000-7000-8000-000000000106","rev":5,"stage":"recorded","status":"claimed","client":"sakura","call":{"id":"019a9c3e-0000-7000-8000-000000000105","from":"sip:0355501234@192.0.2.1","to":"sip:yamato@192.0.2.2","diverted_from":[],"started_at":"2026-11-20T03:04:05Z","answered_at":null,"ended_at":"2026-11-20T03:04:25Z","duration_s":null,"ended_by":"caller","cut_off":false},"caller":{"number":"+81355501234","name":null,"anonymous":false,"calls_before":null,"last_result":null,"previous":[]},"callback":{"number":"+81355501234","shown":"+81 3-5550-1234","confirmed":false,"evidence":[{"source":"caller_id","number":"+81355501234","shown":"+81 3-5550-1234","valid":true,"doubted":false,"engine":null,"audio_from_s":null,"audio_to_s":null}]},"answers":{},"asked":[],"missing":[],"discarded":[],"found":[],"gleaned":[],"corrections":[],"category":"sales","urgency":"normal","reasons":{"category":null,"urgency":null},"text":null,"language":null,"confidence":null,"words":[],"recognition":{"engine":null,"model":null,"ears_pending":["vosk"],"problem":null,"rule":null,"not_understood":[]},"audio":{"url":"https://console.example/audio/1","sha256":"0000000000000000000000000000000000000000000000000000000000000000","duration_s":12.5,"speech_from_s":null,"speech_to_s":null},"due_at":"2026-11-20T04:04:05Z","holder":"hanako","held_until":"2026-11-20T03:19:05Z","snoozed_until":null,"result":"no_answer","history":[{"rev":1,"at":"2026-11-20T03:04:05Z","what":"recorded","by":"sipbot","text":null,"outcome":null,"until":null},{"rev":2,"at":"2026-11-20T03:04:05Z","what":"claimed","by":"hanako","text":null,"outcome":null,"until":"2026-11-20T03:19:05Z"},{"rev":3,"at":"2026-11-20T03:04:05Z","what":"called_back","by":"hanako","text":"later","outcome":"no_answer","until":null},{"rev":4,"at":"2026-11-20T03:04:05Z","what":"snoozed","by":"hanako","text":null,"outcome":null,"until":"2026-11-20T04:04:05Z"},{"rev":5,"at":"2026-11-20T03:04:05Z","what":"claimed","by":"hanako","text":null,"outcome":null,"until":"2026-11-20T03:19:05Z"}]}','2026-11-20T03:04:05.000000+00:00','sales','2026-11-20T03:19:05.000000+00:00',NULL);
CREATE TABLE meta (
	name VARCHAR NOT NULL, 
	value INTEGER NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "meta" VALUES('seq:yamato',4);
INSERT INTO "meta" VALUES('seq:sakura',5);
INSERT INTO "meta" VALUES('quota:yamato',1);
CREATE TABLE notices (
	memo VARCHAR(63) NOT NULL, 
	channel VARCHAR(63) NOT NULL, 
	client VARCHAR(63) NOT NULL, 
	kept_at VARCHAR(32) NOT NULL, 
	PRIMARY KEY (memo, channel), 
	FOREIGN KEY(memo) REFERENCES memos (id)
);
INSERT INTO "notices" VALUES('019a9c3e-0000-7000-8000-000000000104','mail','yamato','2026-11-20T03:04:05.000000+00:00');
CREATE TABLE reviews (
	memo VARCHAR(63) NOT NULL, 
	reviewer VARCHAR(63) NOT NULL, 
	client VARCHAR(63) NOT NULL, 
	operator VARCHAR(63) NOT NULL, 
	at VARCHAR(32) NOT NULL, 
	points TEXT NOT NULL, 
	PRIMARY KEY (memo, reviewer), 
	FOREIGN KEY(memo) REFERENCES memos (id)
);
INSERT INTO "reviews" VALUES('019a9c3e-0000-7000-8000-000000000102','jiro','yamato','hanako','2026-11-21T03:04:05.000000+00:00','{"name":true}');
CREATE TABLE stored_audio (
	call VARCHAR(63) NOT NULL, 
	name VARCHAR(63) NOT NULL, 
	tag VARCHAR(64) NOT NULL, 
	size_bytes INTEGER NOT NULL, 
	at VARCHAR(32) NOT NULL, 
	PRIMARY KEY (call, name)
);
INSERT INTO "stored_audio" VALUES('019a9c3e-0000-7000-8000-000000000101','audio.wav','abababababababababababababababababababababababababababababababab',21044,'2026-11-24T01:02:03.000000+00:00');
CREATE TABLE terms (
	client VARCHAR(63) NOT NULL, 
	since VARCHAR(32) NOT NULL, 
	dialplan VARCHAR(64) NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (client, since)
);
INSERT INTO "terms" VALUES('yamato','2026-11-22T13:00:00.000000+00:00','9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08','{"within_s":20.0,"limits":{"answer_rate":98.0},"calls_per_month":300,"counts":["memo"],"exclude":[]}');
CREATE INDEX calls_unfinished ON calls (state, received_at);
CREATE INDEX calls_by_caller ON calls (client, caller, received_at);
CREATE INDEX memos_by_status ON memos (status, client);
CREATE INDEX memos_by_stage ON memos (stage);
CREATE INDEX memos_with_category ON memos (call, category) WHERE category IS NOT NULL;
CREATE INDEX calls_of_month ON calls (client, received_at, state);
CREATE INDEX memos_held ON memos (held_until) WHERE held_until IS NOT NULL;
CREATE INDEX deliveries_waiting ON deliveries (target, client, id) WHERE delivered_at IS NULL;
CREATE INDEX deliveries_of_answers ON deliveries (client, req) WHERE req IS NOT NULL;
CREATE INDEX audit_of_memo ON audit (memo, id) WHERE memo IS NOT NULL;
CREATE UNIQUE INDEX calls_back_going ON calls_back (memo) WHERE ended_at IS NULL;
CREATE INDEX memos_unnoticed ON memos (client) WHERE noticed_at IS NULL;
CREATE INDEX notices_of_client ON notices (client, channel, kept_at);
CREATE INDEX memos_closed ON memos (status, id, client, category);
CREATE INDEX consents_of_client ON consents (client, id);
CREATE INDEX disclosures_of_client ON disclosures (client, id);
CREATE INDEX actions_of_client ON actions (client, id);
CREATE INDEX reviews_of_client ON reviews (client, at);
CREATE INDEX deliveries_of_memos ON deliveries (memo, rev) WHERE memo IS NOT NULL;
CREATE INDEX calls_back_of_memos ON calls_back (memo);
CREATE TRIGGER audio_store_erased AFTER INSERT ON erasures WHEN NEW.kind IN ('audio', 'masked', 'calls') BEGIN INSERT INTO deliveries (client, req, target, payload, event, due_at, attempts, refusals) SELECT coalesce(NEW.client, ''), 'audio:' || NEW.call, 'audio-store', '', '', strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'), 0, 0 WHERE EXISTS (SELECT 1 FROM stored_audio WHERE call = NEW.call); END;
CREATE TRIGGER audio_store_erased_again AFTER UPDATE ON erasures WHEN NEW.kind IN ('audio', 'masked', 'calls') BEGIN INSERT INTO deliveries (client, req, target, payload, event, due_at, attempts, refusals) SELECT coalesce(NEW.client, ''), 'audio:' || NEW.call, 'audio-store', '', '', strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'), 0, 0 WHERE EXISTS (SELECT 1 FROM stored_audio WHERE call = NEW.call); END;
CREATE TRIGGER audio_store_call_gone AFTER DELETE ON calls BEGIN INSERT INTO deliveries (client, req, target, payload, event, due_at, attempts, refusals) SELECT coalesce(OLD.client, ''), 'audio:' || OLD.call, 'audio-store', '', '', strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'), 0, 0 WHERE EXISTS (SELECT 1 FROM stored_audio WHERE call = OLD.call); END;
COMMIT;
