CREATE OR REPLACE FUNCTION "sluice_capture"."captured_7_i"()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET "DateStyle" TO 'ISO, YMD'
 SET "IntervalStyle" TO 'iso_8601'
 SET "TimeZone" TO 'UTC'
 SET bytea_output TO 'hex'
 SET extra_float_digits TO '3'
 SET lc_monetary TO 'C'
AS $function$
#variable_conflict use_column
<<sluice>>
DECLARE
  is_long boolean;
BEGIN
  BEGIN
    sluice.is_long := EXISTS (SELECT c."id", c."note", c."doc" FROM __sluice_new AS c WHERE greatest(pg_catalog.octet_length(c."note"), pg_catalog.pg_column_size(c."doc")) OPERATOR(pg_catalog.>) 67108864);
  EXCEPTION WHEN OTHERS THEN
    INSERT INTO "sluice_capture"."event_logs" (id, turn, table_number, operation, transaction, at, db_user, message_key, old, new)
      SELECT pg_catalog.nextval('"sluice_capture"."event_ids"'::pg_catalog.regclass), (SELECT last_value FROM "sluice_capture"."event_turn"), 7, 'I'::pg_catalog."char", pg_catalog.txid_current(), pg_catalog.clock_timestamp(), session_user, NULL, NULL, '{"sluice": "not recorded"}';
    RETURN NULL;
  END;
  IF pg_catalog.pg_trigger_depth() OPERATOR(pg_catalog.>) 1 OR pg_catalog.current_setting('sluice.nested', true) OPERATOR(pg_catalog.=) 'on' THEN
    PERFORM pg_catalog.set_config('sluice.nested', 'on', true);
    BEGIN
      BEGIN
        INSERT INTO "sluice_capture"."event_logs" (id, turn, table_number, operation, transaction, at, db_user, message_key, old, new)
          SELECT pg_catalog.nextval('"sluice_capture"."event_ids"'::pg_catalog.regclass), (SELECT last_value FROM "sluice_capture"."event_turn"), 7, 'I'::pg_catalog."char", pg_catalog.txid_current(), pg_catalog.clock_timestamp(), session_user, n.__sluice_key, NULL, pg_catalog.concat('{"id": ', coalesce(n."id"::pg_catalog.text, 'null'), ', "note": ', coalesce(CASE WHEN pg_catalog.octet_length(n."note") OPERATOR(pg_catalog.>) 67108864 THEN '{"sluice": "not recorded"}'::pg_catalog.json ELSE pg_catalog.to_json(n."note") END, 'null'), ', "doc": ', coalesce(CASE WHEN pg_catalog.pg_column_size(n."doc") OPERATOR(pg_catalog.>) 67108864 THEN '{"sluice": "not recorded"}'::pg_catalog.json ELSE pg_catalog.to_json(n."doc"::pg_catalog.text) END, 'null'), ', "twice": ', coalesce(pg_catalog.to_json(n.__sluice_1), 'null'), '}')
          FROM (SELECT r.*, (
        note <> 'a
b'
        ) IS TRUE AS __sluice_in, (
        id * 2
        ) AS __sluice_1, CASE WHEN (
        upper(note)
        ) IS DISTINCT FROM NULL THEN pg_catalog.concat((
        upper(note)
        )) END AS __sluice_key FROM ONLY "public"."orders" AS r) AS n
          WHERE n.__sluice_in AND EXISTS (SELECT FROM __sluice_new AS c WHERE n."id" OPERATOR(pg_catalog.=) c."id");
      EXCEPTION WHEN OTHERS THEN
        INSERT INTO "sluice_capture"."event_logs" (id, turn, table_number, operation, transaction, at, db_user, message_key, old, new)
          SELECT pg_catalog.nextval('"sluice_capture"."event_ids"'::pg_catalog.regclass), (SELECT last_value FROM "sluice_capture"."event_turn"), 7, 'I'::pg_catalog."char", pg_catalog.txid_current(), pg_catalog.clock_timestamp(), session_user, n.__sluice_key, NULL, pg_catalog.concat('{"id": ', coalesce(n."id"::pg_catalog.text, 'null'), ', "note": ', coalesce(CASE WHEN pg_catalog.octet_length(n."note") OPERATOR(pg_catalog.>) 67108864 THEN '{"sluice": "not recorded"}'::pg_catalog.json ELSE pg_catalog.to_json(n."note") END, 'null'), ', "doc": ', coalesce(CASE WHEN pg_catalog.pg_column_size(n."doc") OPERATOR(pg_catalog.>) 67108864 THEN '{"sluice": "not recorded"}'::pg_catalog.json ELSE pg_catalog.to_json(n."doc"::pg_catalog.text) END, 'null'), ', "twice": ', coalesce(pg_catalog.to_json(n.__sluice_1), 'null'), '}')
          FROM (SELECT r.*, true AS __sluice_in, NULL::bigint AS __sluice_1, NULL::pg_catalog.text AS __sluice_key FROM ONLY "public"."orders" AS r) AS n
          WHERE n.__sluice_in AND EXISTS (SELECT FROM __sluice_new AS c WHERE n."id" OPERATOR(pg_catalog.=) c."id");
      END;
    EXCEPTION WHEN OTHERS THEN
      INSERT INTO "sluice_capture"."event_logs" (id, turn, table_number, operation, transaction, at, db_user, message_key, old, new)
        SELECT pg_catalog.nextval('"sluice_capture"."event_ids"'::pg_catalog.regclass), (SELECT last_value FROM "sluice_capture"."event_turn"), 7, 'I'::pg_catalog."char", pg_catalog.txid_current(), pg_catalog.clock_timestamp(), session_user, NULL, NULL, '{"sluice": "not recorded"}';
      RETURN NULL;
    END;
  ELSE
    IF sluice.is_long THEN
      BEGIN
        INSERT INTO "sluice_capture"."event_logs" (id, turn, table_number, operation, transaction, at, db_user, message_key, old, new)
          SELECT pg_catalog.nextval('"sluice_capture"."event_ids"'::pg_catalog.regclass), (SELECT last_value FROM "sluice_capture"."event_turn"), 7, 'I'::pg_catalog."char", pg_catalog.txid_current(), pg_catalog.clock_timestamp(), session_user, n.__sluice_key, NULL, pg_catalog.concat('{"id": ', coalesce(n."id"::pg_catalog.text, 'null'), ', "note": ', coalesce(CASE WHEN pg_catalog.octet_length(n."note") OPERATOR(pg_catalog.>) 67108864 THEN '{"sluice": "not recorded"}'::pg_catalog.json ELSE pg_catalog.to_json(n."note") END, 'null'), ', "doc": ', coalesce(CASE WHEN pg_catalog.pg_column_size(n."doc") OPERATOR(pg_catalog.>) 67108864 THEN '{"sluice": "not recorded"}'::pg_catalog.json ELSE pg_catalog.to_json(n."doc"::pg_catalog.text) END, 'null'), ', "twice": ', coalesce(pg_catalog.to_json(n.__sluice_1), 'null'), '}')
          FROM (SELECT r.*, (
        note <> 'a
b'
        ) IS TRUE AS __sluice_in, (
        id * 2
        ) AS __sluice_1, CASE WHEN (
        upper(note)
        ) IS DISTINCT FROM NULL THEN pg_catalog.concat((
        upper(note)
        )) END AS __sluice_key FROM __sluice_new AS r) AS n
          WHERE n.__sluice_in;
      EXCEPTION WHEN OTHERS THEN
        INSERT INTO "sluice_capture"."event_logs" (id, turn, table_number, operation, transaction, at, db_user, message_key, old, new)
          SELECT pg_catalog.nextval('"sluice_capture"."event_ids"'::pg_catalog.regclass), (SELECT last_value FROM "sluice_capture"."event_turn"), 7, 'I'::pg_catalog."char", pg_catalog.txid_current(), pg_catalog.clock_timestamp(), session_user, n.__sluice_key, NULL, pg_catalog.concat('{"id": ', coalesce(n."id"::pg_catalog.text, 'null'), ', "note": ', coalesce(CASE WHEN pg_catalog.octet_length(n."note") OPERATOR(pg_catalog.>) 67108864 THEN '{"sluice": "not recorded"}'::pg_catalog.json ELSE pg_catalog.to_json(n."note") END, 'null'), ', "doc": ', coalesce(CASE WHEN pg_catalog.pg_column_size(n."doc") OPERATOR(pg_catalog.>) 67108864 THEN '{"sluice": "not recorded"}'::pg_catalog.json ELSE pg_catalog.to_json(n."doc"::pg_catalog.text) END, 'null'), ', "twice": ', coalesce(pg_catalog.to_json(n.__sluice_1), 'null'), '}')
          FROM (SELECT r.*, true AS __sluice_in, NULL::bigint AS __sluice_1, NULL::pg_catalog.text AS __sluice_key FROM __sluice_new AS r) AS n
          WHERE n.__sluice_in;
      END;
    ELSE
      BEGIN
        INSERT INTO "sluice_capture"."event_logs" (id, turn, table_number, operation, transaction, at, db_user, message_key, old, new)
          SELECT pg_catalog.nextval('"sluice_capture"."event_ids"'::pg_catalog.regclass), (SELECT last_value FROM "sluice_capture"."event_turn"), 7, 'I'::pg_catalog."char", pg_catalog.txid_current(), pg_catalog.clock_timestamp(), session_user, n.__sluice_key, NULL, pg_catalog.concat('{"id": ', coalesce(n."id"::pg_catalog.text, 'null'), ', "note": ', coalesce(pg_catalog.to_json(n."note"), 'null'), ', "doc": ', coalesce(pg_catalog.to_json(n."doc"::pg_catalog.text), 'null'), ', "twice": ', coalesce(pg_catalog.to_json(n.__sluice_1), 'null'), '}')
          FROM (SELECT r.*, (
        note <> 'a
b'
        ) IS TRUE AS __sluice_in, (
        id * 2
        ) AS __sluice_1, CASE WHEN (
        upper(note)
        ) IS DISTINCT FROM NULL THEN pg_catalog.concat((
        upper(note)
        )) END AS __sluice_key FROM __sluice_new AS r) AS n
          WHERE n.__sluice_in;
      EXCEPTION WHEN OTHERS THEN
        INSERT INTO "sluice_capture"."event_logs" (id, turn, table_number, operation, transaction, at, db_user, message_key, old, new)
          SELECT pg_catalog.nextval('"sluice_capture"."event_ids"'::pg_catalog.regclass), (SELECT last_value FROM "sluice_capture"."event_turn"), 7, 'I'::pg_catalog."char", pg_catalog.txid_current(), pg_catalog.clock_timestamp(), session_user, n.__sluice_key, NULL, pg_catalog.concat('{"id": ', coalesce(n."id"::pg_catalog.text, 'null'), ', "note": ', coalesce(pg_catalog.to_json(n."note"), 'null'), ', "doc": ', coalesce(pg_catalog.to_json(n."doc"::pg_catalog.text), 'null'), ', "twice": ', coalesce(pg_catalog.to_json(n.__sluice_1), 'null'), '}')
          FROM (SELECT r.*, true AS __sluice_in, NULL::bigint AS __sluice_1, NULL::pg_catalog.text AS __sluice_key FROM __sluice_new AS r) AS n
          WHERE n.__sluice_in;
      END;
    END IF;
  END IF;
  RETURN NULL;
END
$function$;
CREATE TRIGGER zzz_sluice_i AFTER INSERT ON "public"."orders" REFERENCING NEW TABLE AS __sluice_new FOR EACH STATEMENT EXECUTE FUNCTION "sluice_capture"."captured_7_i"();

CREATE OR REPLACE FUNCTION "sluice_capture"."captured_7_u"()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET "DateStyle" TO 'ISO, YMD'
 SET "IntervalStyle" TO 'iso_8601'
 SET "TimeZone" TO 'UTC'
 SET bytea_output TO 'hex'
 SET extra_float_digits TO '3'
 SET lc_monetary TO 'C'
 SET enable_nestloop TO 'off'
AS $function$
#variable_conflict use_column
<<sluice>>
DECLARE
  is_long boolean;
BEGIN
  BEGIN
    sluice.is_long := EXISTS (SELECT c."id", c."note", c."doc" FROM __sluice_old AS c WHERE greatest(pg_catalog.octet_length(c."note"), pg_catalog.pg_column_size(c."doc")) OPERATOR(pg_catalog.>) 67108864) OR EXISTS (SELECT c."id", c."note", c."doc" FROM __sluice_new AS c WHERE greatest(pg_catalog.octet_length(c."note"), pg_catalog.pg_column_size(c."doc")) OPERATOR(pg_catalog.>) 67108864);
  EXCEPTION WHEN OTHERS THEN
    INSERT INTO "sluice_capture"."event_logs" (id, turn, table_number, operation, transaction, at, db_user, message_key, old, new)
      SELECT pg_catalog.nextval('"sluice_capture"."event_ids"'::pg_catalog.regclass), (SELECT last_value FROM "sluice_capture"."event_turn"), 7, 'U'::pg_catalog."char", pg_catalog.txid_current(), pg_catalog.clock_timestamp(), session_user, NULL, '{"sluice": "not recorded"}', '{"sluice": "not recorded"}';
    RETURN NULL;
  END;
  IF pg_catalog.pg_trigger_depth() OPERATOR(pg_catalog.>) 1 OR pg_catalog.current_setting('sluice.nested', true) OPERATOR(pg_catalog.=) 'on' THEN
    PERFORM pg_catalog.set_config('sluice.nested', 'on', true);
    PERFORM pg_catalog.set_config('enable_nestloop', 'on', true);
    BEGIN
      BEGIN
        INSERT INTO "sluice_capture"."event_logs" (id, turn, table_number, operation, transaction, at, db_user, message_key, old, new)
          SELECT pg_catalog.nextval('"sluice_capture"."event_ids"'::pg_catalog.regclass), (SELECT last_value FROM "sluice_capture"."event_turn"), 7, 'D'::pg_catalog."char", pg_catalog.txid_current(), pg_catalog.clock_timestamp(), session_user, o.__sluice_key, pg_catalog.concat('{"id": ', coalesce(o."id"::pg_catalog.text, 'null'), ', "note": ', coalesce(CASE WHEN pg_catalog.octet_length(o."note") OPERATOR(pg_catalog.>) 67108864 THEN '{"sluice": "not recorded"}'::pg_catalog.json ELSE pg_catalog.to_json(o."note") END, 'null'), ', "doc": ', coalesce(CASE WHEN pg_catalog.pg_column_size(o."doc") OPERATOR(pg_catalog.>) 67108864 THEN '{"sluice": "not recorded"}'::pg_catalog.json ELSE pg_catalog.to_json(o."doc"::pg_catalog.text) END, 'null'), ', "twice": ', coalesce(pg_catalog.to_json(o.__sluice_1), 'null'), '}'), NULL
          FROM (SELECT r.*, (
        note <> 'a
b'
        ) IS TRUE AS __sluice_in, (
        id * 2
        ) AS __sluice_1, CASE WHEN (
        upper(note)
        ) IS DISTINCT FROM NULL THEN pg_catalog.concat((
        upper(note)
        )) END AS __sluice_key FROM __sluice_old AS r) AS o
          WHERE o.__sluice_in AND NOT EXISTS (SELECT FROM (SELECT r.*, (
        note <> 'a
b'
        ) IS TRUE AS __sluice_in, (
        id * 2
        ) AS __sluice_1, CASE WHEN (
        upper(note)
        ) IS DISTINCT FROM NULL THEN pg_catalog.concat((
        upper(note)
        )) END AS __sluice_key FROM ONLY "public"."orders" AS r) AS n WHERE n."id" OPERATOR(pg_catalog.=) o."id" AND n.__sluice_in);
        INSERT INTO "sluice_capture"."event_logs" (id, turn, table_number, operation, transaction, at, db_user, message_key, old, new)
          SELECT pg_catalog.nextval('"sluice_capture"."event_ids"'::pg_catalog.regclass), (SELECT last_value FROM "sluice_capture"."event_turn"), 7, 'I'::pg_catalog."char", pg_catalog.txid_current(), pg_catalog.clock_timestamp(), session_user, n.__sluice_key, NULL, pg_catalog.concat('{"id": ', coalesce(n."id"::pg_catalog.text, 'null'), ', "note": ', coalesce(CASE WHEN pg_catalog.octet_length(n."note") OPERATOR(pg_catalog.>) 67108864 THEN '{"sluice": "not recorded"}'::pg_catalog.json ELSE pg_catalog.to_json(n."note") END, 'null'), ', "doc": ', coalesce(CASE WHEN pg_catalog.pg_column_size(n."doc") OPERATOR(pg_catalog.>) 67108864 THEN '{"sluice": "not recorded"}'::pg_catalog.json ELSE pg_catalog.to_json(n."doc"::pg_catalog.text) END, 'null'), ', "twice": ', coalesce(pg_catalog.to_json(n.__sluice_1), 'null'), '}')
          FROM (SELECT r.*, (
        note <> 'a
b'
        ) IS TRUE AS __sluice_in, (
        id * 2
        ) AS __sluice_1, CASE WHEN (
        upper(note)
        ) IS DISTINCT FROM NULL THEN pg_catalog.concat((
        upper(note)
        )) END AS __sluice_key FROM ONLY "public"."orders" AS r) AS n
          WHERE n.__sluice_in AND EXISTS (SELECT FROM __sluice_new AS c WHERE n."id" OPERATOR(pg_catalog.=) c."id");
      EXCEPTION WHEN OTHERS THEN
        INSERT INTO "sluice_capture"."event_logs" (id, turn, table_number, operation, transaction, at, db_user, message_key, old, new)
          SELECT pg_catalog.nextval('"sluice_capture"."event_ids"'::pg_catalog.regclass), (SELECT last_value FROM "sluice_capture"."event_turn"), 7, 'D'::pg_catalog."char", pg_catalog.txid_current(), pg_catalog.clock_timestamp(), session_user, o.__sluice_key, pg_catalog.concat('{"id": ', coalesce(o."id"::pg_catalog.text, 'null'), ', "note": ', coalesce(CASE WHEN pg_catalog.octet_length(o."note") OPERATOR(pg_catalog.>) 67108864 THEN '{"sluice": "not recorded"}'::pg_catalog.json ELSE pg_catalog.to_json(o."note") END, 'null'), ', "doc": ', coalesce(CASE WHEN pg_catalog.pg_column_size(o."doc") OPERATOR(pg_catalog.>) 67108864 THEN '{"sluice": "not recorded"}'::pg_catalog.json ELSE pg_catalog.to_json(o."doc"::pg_catalog.text) END, 'null'), ', "twice": ', coalesce(pg_catalog.to_json(o.__sluice_1), 'null'), '}'), NULL
          FROM (SELECT r.*, true AS __sluice_in, NULL::bigint AS __sluice_1, NULL::pg_catalog.text AS __sluice_key FROM __sluice_old AS r) AS o
          WHERE o.__sluice_in AND NOT EXISTS (SELECT FROM (SELECT r.*, true AS __sluice_in, NULL::bigint AS __sluice_1, NULL::pg_catalog.text AS __sluice_key FROM ONLY "public"."orders" AS r) AS n WHERE n."id" OPERATOR(pg_catalog.=) o."id" AND n.__sluice_in);
        INSERT INTO "sluice_capture"."event_logs" (id, turn, table_number, operation, transaction, at, db_user, message_key, old, new)
          SELECT pg_catalog.nextval('"sluice_capture"."event_ids"'::pg_catalog.regclass), (SELECT last_value FROM "sluice_capture"."event_turn"), 7, 'I'::pg_catalog."char", pg_catalog.txid_current(), pg_catalog.clock_timestamp(), session_user, n.__sluice_key, NULL, pg_catalog.concat('{"id": ', coalesce(n."id"::pg_catalog.text, 'null'), ', "note": ', coalesce(CASE WHEN pg_catalog.octet_length(n."note") OPERATOR(pg_catalog.>) 67108864 THEN '{"sluice": "not recorded"}'::pg_catalog.json ELSE pg_catalog.to_json(n."note") END, 'null'), ', "doc": ', coalesce(CASE WHEN pg_catalog.pg_column_size(n."doc") OPERATOR(pg_catalog.>) 67108864 THEN '{"sluice": "not recorded"}'::pg_catalog.json ELSE pg_catalog.to_json(n."doc"::pg_catalog.text) END, 'null'), ', "twice": ', coalesce(pg_catalog.to_json(n.__sluice_1), 'null'), '}')
          FROM (SELECT r.*, true AS __sluice_in, NULL::bigint AS __sluice_1, NULL::pg_catalog.text AS __sluice_key FROM ONLY "public"."orders" AS r) AS n
          WHERE n.__sluice_in AND EXISTS (SELECT FROM __sluice_new AS c WHERE n."id" OPERATOR(pg_catalog.=) c."id");
      END;
    EXCEPTION WHEN OTHERS THEN
      INSERT INTO "sluice_capture"."event_logs" (id, turn, table_number, operation, transaction, at, db_user, message_key, old, new)
        SELECT pg_catalog.nextval('"sluice_capture"."event_ids"'::pg_catalog.regclass), (SELECT last_value FROM "sluice_capture"."event_turn"), 7, 'U'::pg_catalog."char", pg_catalog.txid_current(), pg_catalog.clock_timestamp(), session_user, NULL, '{"sluice": "not recorded"}', '{"sluice": "not recorded"}';
      RETURN NULL;
    END;
  ELSE
    IF sluice.is_long THEN
      BEGIN
        INSERT INTO "sluice_capture"."event_logs" (id, turn, table_number, operation, transaction, at, db_user, message_key, old, new)
          SELECT pg_catalog.nextval('"sluice_capture"."event_ids"'::pg_catalog.regclass), (SELECT last_value FROM "sluice_capture"."event_turn"), 7, 'D'::pg_catalog."char", pg_catalog.txid_current(), pg_catalog.clock_timestamp(), session_user, o.__sluice_key, pg_catalog.concat('{"id": ', coalesce(o."id"::pg_catalog.text, 'null'), ', "note": ', coalesce(CASE WHEN pg_catalog.octet_length(o."note") OPERATOR(pg_catalog.>) 67108864 THEN '{"sluice": "not recorded"}'::pg_catalog.json ELSE pg_catalog.to_json(o."note") END, 'null'), ', "doc": ', coalesce(CASE WHEN pg_catalog.pg_column_size(o."doc") OPERATOR(pg_catalog.>) 67108864 THEN '{"sluice": "not recorded"}'::pg_catalog.json ELSE pg_catalog.to_json(o."doc"::pg_catalog.text) END, 'null'), ', "twice": ', coalesce(pg_catalog.to_json(o.__sluice_1), 'null'), '}'), NULL
          FROM (SELECT r.*, (
        note <> 'a
b'
        ) IS TRUE AS __sluice_in, (
        id * 2
        ) AS __sluice_1, CASE WHEN (
        upper(note)
        ) IS DISTINCT FROM NULL THEN pg_catalog.concat((
        upper(note)
        )) END AS __sluice_key FROM __sluice_old AS r) AS o
          WHERE o.__sluice_in AND NOT EXISTS (SELECT FROM (SELECT r.*, (
        note <> 'a
b'
        ) IS TRUE AS __sluice_in, (
        id * 2
        ) AS __sluice_1, CASE WHEN (
        upper(note)
        ) IS DISTINCT FROM NULL THEN pg_catalog.concat((
        upper(note)
        )) END AS __sluice_key FROM __sluice_new AS r) AS n WHERE o."id" OPERATOR(pg_catalog.=) n."id" AND n.__sluice_in);
        INSERT INTO "sluice_capture"."event_logs" (id, turn, table_number, operation, transaction, at, db_user, message_key, old, new)
          SELECT pg_catalog.nextval('"sluice_capture"."event_ids"'::pg_catalog.regclass), (SELECT last_value FROM "sluice_capture"."event_turn"), 7, CASE WHEN o."id" IS NOT NULL THEN 'U' ELSE 'I' END::pg_catalog."char", pg_catalog.txid_current(), pg_catalog.clock_timestamp(), session_user, n.__sluice_key, CASE WHEN o."id" IS NOT NULL THEN pg_catalog.concat('{"id": ', coalesce(o."id"::pg_catalog.text, 'null'), ', "note": ', coalesce(CASE WHEN pg_catalog.octet_length(o."note") OPERATOR(pg_catalog.>) 67108864 THEN '{"sluice": "not recorded"}'::pg_catalog.json ELSE pg_catalog.to_json(o."note") END, 'null'), ', "doc": ', coalesce(CASE WHEN pg_catalog.pg_column_size(o."doc") OPERATOR(pg_catalog.>) 67108864 THEN '{"sluice": "not recorded"}'::pg_catalog.json ELSE pg_catalog.to_json(o."doc"::pg_catalog.text) END, 'null'), ', "twice": ', coalesce(pg_catalog.to_json(o.__sluice_1), 'null'), '}') END, pg_catalog.concat('{"id": ', coalesce(n."id"::pg_catalog.text, 'null'), ', "note": ', coalesce(CASE WHEN pg_catalog.octet_length(n."note") OPERATOR(pg_catalog.>) 67108864 THEN '{"sluice": "not recorded"}'::pg_catalog.json ELSE pg_catalog.to_json(n."note") END, 'null'), ', "doc": ', coalesce(CASE WHEN pg_catalog.pg_column_size(n."doc") OPERATOR(pg_catalog.>) 67108864 THEN '{"sluice": "not recorded"}'::pg_catalog.json ELSE pg_catalog.to_json(n."doc"::pg_catalog.text) END, 'null'), ', "twice": ', coalesce(pg_catalog.to_json(n.__sluice_1), 'null'), '}')
          FROM (SELECT r.*, (
        note <> 'a
b'
        ) IS TRUE AS __sluice_in, (
        id * 2
        ) AS __sluice_1, CASE WHEN (
        upper(note)
        ) IS DISTINCT FROM NULL THEN pg_catalog.concat((
        upper(note)
        )) END AS __sluice_key FROM __sluice_new AS r) AS n
          LEFT JOIN (SELECT r.*, (
        note <> 'a
b'
        ) IS TRUE AS __sluice_in, (
        id * 2
        ) AS __sluice_1, CASE WHEN (
        upper(note)
        ) IS DISTINCT FROM NULL THEN pg_catalog.concat((
        upper(note)
        )) END AS __sluice_key FROM __sluice_old AS r) AS o ON o."id" OPERATOR(pg_catalog.=) n."id" AND o.__sluice_in
          WHERE n.__sluice_in AND (NOT o."id" IS NOT NULL OR ROW(o."id", o."note", o."doc")::pg_catalog.record OPERATOR(pg_catalog.*<>) ROW(n."id", n."note", n."doc")::pg_catalog.record);
      EXCEPTION WHEN OTHERS THEN
        INSERT INTO "sluice_capture"."event_logs" (id, turn, table_number, operation, transaction, at, db_user, message_key, old, new)
          SELECT pg_catalog.nextval('"sluice_capture"."event_ids"'::pg_catalog.regclass), (SELECT last_value FROM "sluice_capture"."event_turn"), 7, 'D'::pg_catalog."char", pg_catalog.txid_current(), pg_catalog.clock_timestamp(), session_user, o.__sluice_key, pg_catalog.concat('{"id": ', coalesce(o."id"::pg_catalog.text, 'null'), ', "note": ', coalesce(CASE WHEN pg_catalog.octet_length(o."note") OPERATOR(pg_catalog.>) 67108864 THEN '{"sluice": "not recorded"}'::pg_catalog.json ELSE pg_catalog.to_json(o."note") END, 'null'), ', "doc": ', coalesce(CASE WHEN pg_catalog.pg_column_size(o."doc") OPERATOR(pg_catalog.>) 67108864 THEN '{"sluice": "not recorded"}'::pg_catalog.json ELSE pg_catalog.to_json(o."doc"::pg_catalog.text) END, 'null'), ', "twice": ', coalesce(pg_catalog.to_json(o.__sluice_1), 'null'), '}'), NULL
          FROM (SELECT r.*, true AS __sluice_in, NULL::bigint AS __sluice_1, NULL::pg_catalog.text AS __sluice_key FROM __sluice_old AS r) AS o
          WHERE o.__sluice_in AND NOT EXISTS (SELECT FROM (SELECT r.*, true AS __sluice_in, NULL::bigint AS __sluice_1, NULL::pg_catalog.text AS __sluice_key FROM __sluice_new AS r) AS n WHERE o."id" OPERATOR(pg_catalog.=) n."id" AND n.__sluice_in);
        INSERT INTO "sluice_capture"."event_logs" (id, turn, table_number, operation, transaction, at, db_user, message_key, old, new)
          SELECT pg_catalog.nextval('"sluice_capture"."event_ids"'::pg_catalog.regclass), (SELECT last_value FROM "sluice_capture"."event_turn"), 7, CASE WHEN o."id" IS NOT NULL THEN 'U' ELSE 'I' END::pg_catalog."char", pg_catalog.txid_current(), pg_catalog.clock_timestamp(), session_user, n.__sluice_key, CASE WHEN o."id" IS NOT NULL THEN pg_catalog.concat('{"id": ', coalesce(o."id"::pg_catalog.text, 'null'), ', "note": ', coalesce(CASE WHEN pg_catalog.octet_length(o."note") OPERATOR(pg_catalog.>) 67108864 THEN '{"sluice": "not recorded"}'::pg_catalog.json ELSE pg_catalog.to_json(o."note") END, 'null'), ', "doc": ', coalesce(CASE WHEN pg_catalog.pg_column_size(o."doc") OPERATOR(pg_catalog.>) 67108864 THEN '{"sluice": "not recorded"}'::pg_catalog.json ELSE pg_catalog.to_json(o."doc"::pg_catalog.text) END, 'null'), ', "twice": ', coalesce(pg_catalog.to_json(o.__sluice_1), 'null'), '}') END, pg_catalog.concat('{"id": ', coalesce(n."id"::pg_catalog.text, 'null'), ', "note": ', coalesce(CASE WHEN pg_catalog.octet_length(n."note") OPERATOR(pg_catalog.>) 67108864 THEN '{"sluice": "not recorded"}'::pg_catalog.json ELSE pg_catalog.to_json(n."note") END, 'null'), ', "doc": ', coalesce(CASE WHEN pg_catalog.pg_column_size(n."doc") OPERATOR(pg_catalog.>) 67108864 THEN '{"sluice": "not recorded"}'::pg_catalog.json ELSE pg_catalog.to_json(n."doc"::pg_catalog.text) END, 'null'), ', "twice": ', coalesce(pg_catalog.to_json(n.__sluice_1), 'null'), '}')
          FROM (SELECT r.*, true AS __sluice_in, NULL::bigint AS __sluice_1, NULL::pg_catalog.text AS __sluice_key FROM __sluice_new AS r) AS n
          LEFT JOIN (SELECT r.*, true AS __sluice_in, NULL::bigint AS __sluice_1, NULL::pg_catalog.text AS __sluice_key FROM __sluice_old AS r) AS o ON o."id" OPERATOR(pg_catalog.=) n."id" AND o.__sluice_in
          WHERE n.__sluice_in AND (NOT o."id" IS NOT NULL OR ROW(o."id", o."note", o."doc")::pg_catalog.record OPERATOR(pg_catalog.*<>) ROW(n."id", n."note", n."doc")::pg_catalog.record);
      END;
    ELSE
      BEGIN
        INSERT INTO "sluice_capture"."event_logs" (id, turn, table_number, operation, transaction, at, db_user, message_key, old, new)
          SELECT pg_catalog.nextval('"sluice_capture"."event_ids"'::pg_catalog.regclass), (SELECT last_value FROM "sluice_capture"."event_turn"), 7, 'D'::pg_catalog."char", pg_catalog.txid_current(), pg_catalog.clock_timestamp(), session_user, o.__sluice_key, pg_catalog.concat('{"id": ', coalesce(o."id"::pg_catalog.text, 'null'), ', "note": ', coalesce(pg_catalog.to_json(o."note"), 'null'), ', "doc": ', coalesce(pg_catalog.to_json(o."doc"::pg_catalog.text), 'null'), ', "twice": ', coalesce(pg_catalog.to_json(o.__sluice_1), 'null'), '}'), NULL
          FROM (SELECT r.*, (
        note <> 'a
b'
        ) IS TRUE AS __sluice_in, (
        id * 2
        ) AS __sluice_1, CASE WHEN (
        upper(note)
        ) IS DISTINCT FROM NULL THEN pg_catalog.concat((
        upper(note)
        )) END AS __sluice_key FROM __sluice_old AS r) AS o
          WHERE o.__sluice_in AND NOT EXISTS (SELECT FROM (SELECT r.*, (
        note <> 'a
b'
        ) IS TRUE AS __sluice_in, (
        id * 2
        ) AS __sluice_1, CASE WHEN (
        upper(note)
        ) IS DISTINCT FROM NULL THEN pg_catalog.concat((
        upper(note)
        )) END AS __sluice_key FROM __sluice_new AS r) AS n WHERE o."id" OPERATOR(pg_catalog.=) n."id" AND n.__sluice_in);
        INSERT INTO "sluice_capture"."event_logs" (id, turn, table_number, operation, transaction, at, db_user, message_key, old, new)
          SELECT pg_catalog.nextval('"sluice_capture"."event_ids"'::pg_catalog.regclass), (SELECT last_value FROM "sluice_capture"."event_turn"), 7, CASE WHEN o."id" IS NOT NULL THEN 'U' ELSE 'I' END::pg_catalog."char", pg_catalog.txid_current(), pg_catalog.clock_timestamp(), session_user, n.__sluice_key, CASE WHEN o."id" IS NOT NULL THEN pg_catalog.concat('{"id": ', coalesce(o."id"::pg_catalog.text, 'null'), ', "note": ', coalesce(pg_catalog.to_json(o."note"), 'null'), ', "doc": ', coalesce(pg_catalog.to_json(o."doc"::pg_catalog.text), 'null'), ', "twice": ', coalesce(pg_catalog.to_json(o.__sluice_1), 'null'), '}') END, pg_catalog.concat('{"id": ', coalesce(n."id"::pg_catalog.text, 'null'), ', "note": ', coalesce(pg_catalog.to_json(n."note"), 'null'), ', "doc": ', coalesce(pg_catalog.to_json(n."doc"::pg_catalog.text), 'null'), ', "twice": ', coalesce(pg_catalog.to_json(n.__sluice_1), 'null'), '}')
          FROM (SELECT r.*, (
        note <> 'a
b'
        ) IS TRUE AS __sluice_in, (
        id * 2
        ) AS __sluice_1, CASE WHEN (
        upper(note)
        ) IS DISTINCT FROM NULL THEN pg_catalog.concat((
        upper(note)
        )) END AS __sluice_key FROM __sluice_new AS r) AS n
          LEFT JOIN (SELECT r.*, (
        note <> 'a
b'
        ) IS TRUE AS __sluice_in, (
        id * 2
        ) AS __sluice_1, CASE WHEN (
        upper(note)
        ) IS DISTINCT FROM NULL THEN pg_catalog.concat((
        upper(note)
        )) END AS __sluice_key FROM __sluice_old AS r) AS o ON o."id" OPERATOR(pg_catalog.=) n."id" AND o.__sluice_in
          WHERE n.__sluice_in AND (NOT o."id" IS NOT NULL OR ROW(o."id", o."note", o."doc")::pg_catalog.record OPERATOR(pg_catalog.*<>) ROW(n."id", n."note", n."doc")::pg_catalog.record);
      EXCEPTION WHEN OTHERS THEN
        INSERT INTO "sluice_capture"."event_logs" (id, turn, table_number, operation, transaction, at, db_user, message_key, old, new)
          SELECT pg_catalog.nextval('"sluice_capture"."event_ids"'::pg_catalog.regclass), (SELECT last_value FROM "sluice_capture"."event_turn"), 7, 'D'::pg_catalog."char", pg_catalog.txid_current(), pg_catalog.clock_timestamp(), session_user, o.__sluice_key, pg_catalog.concat('{"id": ', coalesce(o."id"::pg_catalog.text, 'null'), ', "note": ', coalesce(pg_catalog.to_json(o."note"), 'null'), ', "doc": ', coalesce(pg_catalog.to_json(o."doc"::pg_catalog.text), 'null'), ', "twice": ', coalesce(pg_catalog.to_json(o.__sluice_1), 'null'), '}'), NULL
          FROM (SELECT r.*, true AS __sluice_in, NULL::bigint AS __sluice_1, NULL::pg_catalog.text AS __sluice_key FROM __sluice_old AS r) AS o
          WHERE o.__sluice_in AND NOT EXISTS (SELECT FROM (SELECT r.*, true AS __sluice_in, NULL::bigint AS __sluice_1, NULL::pg_catalog.text AS __sluice_key FROM __sluice_new AS r) AS n WHERE o."id" OPERATOR(pg_catalog.=) n."id" AND n.__sluice_in);
        INSERT INTO "sluice_capture"."event_logs" (id, turn, table_number, operation, transaction, at, db_user, message_key, old, new)
          SELECT pg_catalog.nextval('"sluice_capture"."event_ids"'::pg_catalog.regclass), (SELECT last_value FROM "sluice_capture"."event_turn"), 7, CASE WHEN o."id" IS NOT NULL THEN 'U' ELSE 'I' END::pg_catalog."char", pg_catalog.txid_current(), pg_catalog.clock_timestamp(), session_user, n.__sluice_key, CASE WHEN o."id" IS NOT NULL THEN pg_catalog.concat('{"id": ', coalesce(o."id"::pg_catalog.text, 'null'), ', "note": ', coalesce(pg_catalog.to_json(o."note"), 'null'), ', "doc": ', coalesce(pg_catalog.to_json(o."doc"::pg_catalog.text), 'null'), ', "twice": ', coalesce(pg_catalog.to_json(o.__sluice_1), 'null'), '}') END, pg_catalog.concat('{"id": ', coalesce(n."id"::pg_catalog.text, 'null'), ', "note": ', coalesce(pg_catalog.to_json(n."note"), 'null'), ', "doc": ', coalesce(pg_catalog.to_json(n."doc"::pg_catalog.text), 'null'), ', "twice": ', coalesce(pg_catalog.to_json(n.__sluice_1), 'null'), '}')
          FROM (SELECT r.*, true AS __sluice_in, NULL::bigint AS __sluice_1, NULL::pg_catalog.text AS __sluice_key FROM __sluice_new AS r) AS n
          LEFT JOIN (SELECT r.*, true AS __sluice_in, NULL::bigint AS __sluice_1, NULL::pg_catalog.text AS __sluice_key FROM __sluice_old AS r) AS o ON o."id" OPERATOR(pg_catalog.=) n."id" AND o.__sluice_in
          WHERE n.__sluice_in AND (NOT o."id" IS NOT NULL OR ROW(o."id", o."note", o."doc")::pg_catalog.record OPERATOR(pg_catalog.*<>) ROW(n."id", n."note", n."doc")::pg_catalog.record);
      END;
    END IF;
  END IF;
  RETURN NULL;
END
$function$;
CREATE TRIGGER zzz_sluice_u AFTER UPDATE ON "public"."orders" REFERENCING OLD TABLE AS __sluice_old NEW TABLE AS __sluice_new FOR EACH STATEMENT EXECUTE FUNCTION "sluice_capture"."captured_7_u"();

CREATE OR REPLACE FUNCTION "sluice_capture"."captured_7_d"()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET "DateStyle" TO 'ISO, YMD'
 SET "IntervalStyle" TO 'iso_8601'
 SET "TimeZone" TO 'UTC'
 SET bytea_output TO 'hex'
 SET extra_float_digits TO '3'
 SET lc_monetary TO 'C'
AS $function$
#variable_conflict use_column
<<sluice>>
DECLARE
  is_long boolean;
BEGIN
  BEGIN
    sluice.is_long := EXISTS (SELECT c."id", c."note", c."doc" FROM __sluice_old AS c WHERE greatest(pg_catalog.octet_length(c."note"), pg_catalog.pg_column_size(c."doc")) OPERATOR(pg_catalog.>) 67108864);
  EXCEPTION WHEN OTHERS THEN
    INSERT INTO "sluice_capture"."event_logs" (id, turn, table_number, operation, transaction, at, db_user, message_key, old, new)
      SELECT pg_catalog.nextval('"sluice_capture"."event_ids"'::pg_catalog.regclass), (SELECT last_value FROM "sluice_capture"."event_turn"), 7, 'D'::pg_catalog."char", pg_catalog.txid_current(), pg_catalog.clock_timestamp(), session_user, NULL, '{"sluice": "not recorded"}', NULL;
    RETURN NULL;
  END;
  IF pg_catalog.pg_trigger_depth() OPERATOR(pg_catalog.>) 1 OR pg_catalog.current_setting('sluice.nested', true) OPERATOR(pg_catalog.=) 'on' THEN
    PERFORM pg_catalog.set_config('sluice.nested', 'on', true);
    BEGIN
      BEGIN
        INSERT INTO "sluice_capture"."event_logs" (id, turn, table_number, operation, transaction, at, db_user, message_key, old, new)
          SELECT pg_catalog.nextval('"sluice_capture"."event_ids"'::pg_catalog.regclass), (SELECT last_value FROM "sluice_capture"."event_turn"), 7, 'D'::pg_catalog."char", pg_catalog.txid_current(), pg_catalog.clock_timestamp(), session_user, o.__sluice_key, pg_catalog.concat('{"id": ', coalesce(o."id"::pg_catalog.text, 'null'), ', "note": ', coalesce(CASE WHEN pg_catalog.octet_length(o."note") OPERATOR(pg_catalog.>) 67108864 THEN '{"sluice": "not recorded"}'::pg_catalog.json ELSE pg_catalog.to_json(o."note") END, 'null'), ', "doc": ', coalesce(CASE WHEN pg_catalog.pg_column_size(o."doc") OPERATOR(pg_catalog.>) 67108864 THEN '{"sluice": "not recorded"}'::pg_catalog.json ELSE pg_catalog.to_json(o."doc"::pg_catalog.text) END, 'null'), ', "twice": ', coalesce(pg_catalog.to_json(o.__sluice_1), 'null'), '}'), NULL
          FROM (SELECT r.*, (
        note <> 'a
b'
        ) IS TRUE AS __sluice_in, (
        id * 2
        ) AS __sluice_1, CASE WHEN (
        upper(note)
        ) IS DISTINCT FROM NULL THEN pg_catalog.concat((
        upper(note)
        )) END AS __sluice_key FROM __sluice_old AS r) AS o
          WHERE o.__sluice_in AND NOT EXISTS (SELECT FROM (SELECT r.*, (
        note <> 'a
b'
        ) IS TRUE AS __sluice_in, (
        id * 2
        ) AS __sluice_1, CASE WHEN (
        upper(note)
        ) IS DISTINCT FROM NULL THEN pg_catalog.concat((
        upper(note)
        )) END AS __sluice_key FROM ONLY "public"."orders" AS r) AS n WHERE n."id" OPERATOR(pg_catalog.=) o."id" AND n.__sluice_in);
      EXCEPTION WHEN OTHERS THEN
        INSERT INTO "sluice_capture"."event_logs" (id, turn, table_number, operation, transaction, at, db_user, message_key, old, new)
          SELECT pg_catalog.nextval('"sluice_capture"."event_ids"'::pg_catalog.regclass), (SELECT last_value FROM "sluice_capture"."event_turn"), 7, 'D'::pg_catalog."char", pg_catalog.txid_current(), pg_catalog.clock_timestamp(), session_user, o.__sluice_key, pg_catalog.concat('{"id": ', coalesce(o."id"::pg_catalog.text, 'null'), ', "note": ', coalesce(CASE WHEN pg_catalog.octet_length(o."note") OPERATOR(pg_catalog.>) 67108864 THEN '{"sluice": "not recorded"}'::pg_catalog.json ELSE pg_catalog.to_json(o."note") END, 'null'), ', "doc": ', coalesce(CASE WHEN pg_catalog.pg_column_size(o."doc") OPERATOR(pg_catalog.>) 67108864 THEN '{"sluice": "not recorded"}'::pg_catalog.json ELSE pg_catalog.to_json(o."doc"::pg_catalog.text) END, 'null'), ', "twice": ', coalesce(pg_catalog.to_json(o.__sluice_1), 'null'), '}'), NULL
          FROM (SELECT r.*, true AS __sluice_in, NULL::bigint AS __sluice_1, NULL::pg_catalog.text AS __sluice_key FROM __sluice_old AS r) AS o
          WHERE o.__sluice_in AND NOT EXISTS (SELECT FROM (SELECT r.*, true AS __sluice_in, NULL::bigint AS __sluice_1, NULL::pg_catalog.text AS __sluice_key FROM ONLY "public"."orders" AS r) AS n WHERE n."id" OPERATOR(pg_catalog.=) o."id" AND n.__sluice_in);
      END;
    EXCEPTION WHEN OTHERS THEN
      INSERT INTO "sluice_capture"."event_logs" (id, turn, table_number, operation, transaction, at, db_user, message_key, old, new)
        SELECT pg_catalog.nextval('"sluice_capture"."event_ids"'::pg_catalog.regclass), (SELECT last_value FROM "sluice_capture"."event_turn"), 7, 'D'::pg_catalog."char", pg_catalog.txid_current(), pg_catalog.clock_timestamp(), session_user, NULL, '{"sluice": "not recorded"}', NULL;
      RETURN NULL;
    END;
  ELSE
    IF sluice.is_long THEN
      BEGIN
        INSERT INTO "sluice_capture"."event_logs" (id, turn, table_number, operation, transaction, at, db_user, message_key, old, new)
          SELECT pg_catalog.nextval('"sluice_capture"."event_ids"'::pg_catalog.regclass), (SELECT last_value FROM "sluice_capture"."event_turn"), 7, 'D'::pg_catalog."char", pg_catalog.txid_current(), pg_catalog.clock_timestamp(), session_user, o.__sluice_key, pg_catalog.concat('{"id": ', coalesce(o."id"::pg_catalog.text, 'null'), ', "note": ', coalesce(CASE WHEN pg_catalog.octet_length(o."note") OPERATOR(pg_catalog.>) 67108864 THEN '{"sluice": "not recorded"}'::pg_catalog.json ELSE pg_catalog.to_json(o."note") END, 'null'), ', "doc": ', coalesce(CASE WHEN pg_catalog.pg_column_size(o."doc") OPERATOR(pg_catalog.>) 67108864 THEN '{"sluice": "not recorded"}'::pg_catalog.json ELSE pg_catalog.to_json(o."doc"::pg_catalog.text) END, 'null'), ', "twice": ', coalesce(pg_catalog.to_json(o.__sluice_1), 'null'), '}'), NULL
          FROM (SELECT r.*, (
        note <> 'a
b'
        ) IS TRUE AS __sluice_in, (
        id * 2
        ) AS __sluice_1, CASE WHEN (
        upper(note)
        ) IS DISTINCT FROM NULL THEN pg_catalog.concat((
        upper(note)
        )) END AS __sluice_key FROM __sluice_old AS r) AS o
          WHERE o.__sluice_in;
      EXCEPTION WHEN OTHERS THEN
        INSERT INTO "sluice_capture"."event_logs" (id, turn, table_number, operation, transaction, at, db_user, message_key, old, new)
          SELECT pg_catalog.nextval('"sluice_capture"."event_ids"'::pg_catalog.regclass), (SELECT last_value FROM "sluice_capture"."event_turn"), 7, 'D'::pg_catalog."char", pg_catalog.txid_current(), pg_catalog.clock_timestamp(), session_user, o.__sluice_key, pg_catalog.concat('{"id": ', coalesce(o."id"::pg_catalog.text, 'null'), ', "note": ', coalesce(CASE WHEN pg_catalog.octet_length(o."note") OPERATOR(pg_catalog.>) 67108864 THEN '{"sluice": "not recorded"}'::pg_catalog.json ELSE pg_catalog.to_json(o."note") END, 'null'), ', "doc": ', coalesce(CASE WHEN pg_catalog.pg_column_size(o."doc") OPERATOR(pg_catalog.>) 67108864 THEN '{"sluice": "not recorded"}'::pg_catalog.json ELSE pg_catalog.to_json(o."doc"::pg_catalog.text) END, 'null'), ', "twice": ', coalesce(pg_catalog.to_json(o.__sluice_1), 'null'), '}'), NULL
          FROM (SELECT r.*, true AS __sluice_in, NULL::bigint AS __sluice_1, NULL::pg_catalog.text AS __sluice_key FROM __sluice_old AS r) AS o
          WHERE o.__sluice_in;
      END;
    ELSE
      BEGIN
        INSERT INTO "sluice_capture"."event_logs" (id, turn, table_number, operation, transaction, at, db_user, message_key, old, new)
          SELECT pg_catalog.nextval('"sluice_capture"."event_ids"'::pg_catalog.regclass), (SELECT last_value FROM "sluice_capture"."event_turn"), 7, 'D'::pg_catalog."char", pg_catalog.txid_current(), pg_catalog.clock_timestamp(), session_user, o.__sluice_key, pg_catalog.concat('{"id": ', coalesce(o."id"::pg_catalog.text, 'null'), ', "note": ', coalesce(pg_catalog.to_json(o."note"), 'null'), ', "doc": ', coalesce(pg_catalog.to_json(o."doc"::pg_catalog.text), 'null'), ', "twice": ', coalesce(pg_catalog.to_json(o.__sluice_1), 'null'), '}'), NULL
          FROM (SELECT r.*, (
        note <> 'a
b'
        ) IS TRUE AS __sluice_in, (
        id * 2
        ) AS __sluice_1, CASE WHEN (
        upper(note)
        ) IS DISTINCT FROM NULL THEN pg_catalog.concat((
        upper(note)
        )) END AS __sluice_key FROM __sluice_old AS r) AS o
          WHERE o.__sluice_in;
      EXCEPTION WHEN OTHERS THEN
        INSERT INTO "sluice_capture"."event_logs" (id, turn, table_number, operation, transaction, at, db_user, message_key, old, new)
          SELECT pg_catalog.nextval('"sluice_capture"."event_ids"'::pg_catalog.regclass), (SELECT last_value FROM "sluice_capture"."event_turn"), 7, 'D'::pg_catalog."char", pg_catalog.txid_current(), pg_catalog.clock_timestamp(), session_user, o.__sluice_key, pg_catalog.concat('{"id": ', coalesce(o."id"::pg_catalog.text, 'null'), ', "note": ', coalesce(pg_catalog.to_json(o."note"), 'null'), ', "doc": ', coalesce(pg_catalog.to_json(o."doc"::pg_catalog.text), 'null'), ', "twice": ', coalesce(pg_catalog.to_json(o.__sluice_1), 'null'), '}'), NULL
          FROM (SELECT r.*, true AS __sluice_in, NULL::bigint AS __sluice_1, NULL::pg_catalog.text AS __sluice_key FROM __sluice_old AS r) AS o
          WHERE o.__sluice_in;
      END;
    END IF;
  END IF;
  RETURN NULL;
END
$function$;
CREATE TRIGGER zzz_sluice_d AFTER DELETE ON "public"."orders" REFERENCING OLD TABLE AS __sluice_old FOR EACH STATEMENT EXECUTE FUNCTION "sluice_capture"."captured_7_d"();

CREATE OR REPLACE FUNCTION "sluice_capture"."captured_7_t"()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
AS $function$
#variable_conflict use_column
BEGIN
  INSERT INTO "sluice_capture"."event_logs" (id, turn, table_number, operation, transaction, at, db_user, message_key, old, new)
    SELECT pg_catalog.nextval('"sluice_capture"."event_ids"'::pg_catalog.regclass), (SELECT last_value FROM "sluice_capture"."event_turn"), 7, 'T'::pg_catalog."char", pg_catalog.txid_current(), pg_catalog.clock_timestamp(), session_user, NULL, NULL, NULL;
  RETURN NULL;
END
$function$;
CREATE TRIGGER zzz_sluice_t AFTER TRUNCATE ON "public"."orders" FOR EACH STATEMENT EXECUTE FUNCTION "sluice_capture"."captured_7_t"();
