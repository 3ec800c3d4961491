CREATE OR REPLACE FUNCTION "sluice_capture"."captured_7_i"()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
AS $function$
#variable_conflict use_column
<<sluice>>
DECLARE
  turn integer;
  old_row pg_catalog.text;
  new_row pg_catalog.text;
  standing pg_catalog.text;
  standing_key pg_catalog.text;
  is_same boolean;
BEGIN
  BEGIN
    IF greatest(pg_catalog.octet_length(NEW."note"), pg_catalog.pg_column_size(NEW."doc")) OPERATOR(pg_catalog.>) 67108864 THEN
      sluice.new_row := pg_catalog.concat('{"id": ', coalesce(NEW."id"::pg_catalog.text, 'null'), ', "note": ', coalesce(CASE WHEN pg_catalog.octet_length(NEW."note") OPERATOR(pg_catalog.>) 67108864 THEN '{"sluice": "not recorded"}'::pg_catalog.json ELSE pg_catalog.to_json(NEW."note") END, 'null'), ', "doc": ', coalesce(CASE WHEN pg_catalog.pg_column_size(NEW."doc") OPERATOR(pg_catalog.>) 67108864 THEN '{"sluice": "not recorded"}'::pg_catalog.json ELSE pg_catalog.to_json(NEW."doc"::pg_catalog.text) END, 'null'), '}');
    ELSE
      sluice.new_row := pg_catalog.json_build_object('id'::pg_catalog.text, NEW."id", 'note'::pg_catalog.text, NEW."note", 'doc'::pg_catalog.text, NEW."doc"::pg_catalog.text)::pg_catalog.text;
    END IF;
  EXCEPTION WHEN OTHERS THEN
    INSERT INTO "sluice_capture"."event_logs" (id, turn, table_number, operation, transaction, at, db_user, message_key, old, new)
      SELECT pg_catalog.nextval('"sluice_capture"."event_ids"'::pg_catalog.regclass), (SELECT last_value FROM "sluice_capture"."event_turn"), 7, 'I'::pg_catalog."char", pg_catalog.txid_current(), pg_catalog.clock_timestamp(), session_user, NULL, NULL, '{"sluice": "not recorded"}';
    RETURN NULL;
  END;
  IF pg_catalog.pg_trigger_depth() OPERATOR(pg_catalog.>) 1 OR pg_catalog.current_setting('sluice.nested', true) OPERATOR(pg_catalog.=) 'on' THEN
    PERFORM pg_catalog.set_config('sluice.nested', 'on', true);
    BEGIN
      SELECT pg_catalog.concat('{"id": ', coalesce(n."id"::pg_catalog.text, 'null'), ', "note": ', coalesce(CASE WHEN pg_catalog.octet_length(n."note") OPERATOR(pg_catalog.>) 67108864 THEN '{"sluice": "not recorded"}'::pg_catalog.json ELSE pg_catalog.to_json(n."note") END, 'null'), ', "doc": ', coalesce(CASE WHEN pg_catalog.pg_column_size(n."doc") OPERATOR(pg_catalog.>) 67108864 THEN '{"sluice": "not recorded"}'::pg_catalog.json ELSE pg_catalog.to_json(n."doc"::pg_catalog.text) END, 'null'), '}'), '{"id": ' OPERATOR(pg_catalog.||) coalesce(n."id"::pg_catalog.text, 'null') OPERATOR(pg_catalog.||) '}', ROW(n."id")::pg_catalog.record OPERATOR(pg_catalog.*=) ROW(NEW."id")::pg_catalog.record
        INTO sluice.standing, sluice.standing_key, sluice.is_same
        FROM ONLY "public"."orders" AS n("id", "note", "doc")
        WHERE n."id" OPERATOR(pg_catalog.=) NEW."id" LIMIT 1;
    EXCEPTION WHEN OTHERS THEN
      INSERT INTO "sluice_capture"."event_logs" (id, turn, table_number, operation, transaction, at, db_user, message_key, old, new)
        SELECT pg_catalog.nextval('"sluice_capture"."event_ids"'::pg_catalog.regclass), (SELECT last_value FROM "sluice_capture"."event_turn"), 7, 'I'::pg_catalog."char", pg_catalog.txid_current(), pg_catalog.clock_timestamp(), session_user, NULL, NULL, '{"sluice": "not recorded"}';
      RETURN NULL;
    END;
    IF sluice.standing IS NOT NULL THEN
      INSERT INTO "sluice_capture"."event_logs" (id, turn, table_number, operation, transaction, at, db_user, message_key, old, new)
        SELECT pg_catalog.nextval('"sluice_capture"."event_ids"'::pg_catalog.regclass), (SELECT last_value FROM "sluice_capture"."event_turn"), 7, 'I'::pg_catalog."char", pg_catalog.txid_current(), pg_catalog.clock_timestamp(), session_user, sluice.standing_key, NULL, sluice.standing;
    END IF;
    RETURN NULL;
  END IF;
  sluice.turn := coalesce(pg_catalog.pg_sequence_last_value('"sluice_capture"."event_turn"'::pg_catalog.regclass), 1);
  IF sluice.turn OPERATOR(pg_catalog.=) 1 THEN
    INSERT INTO "sluice_capture"."event_logs_1" (id, turn, table_number, operation, transaction, at, db_user, message_key, old, new)
      VALUES (pg_catalog.nextval('"sluice_capture"."event_ids"'::pg_catalog.regclass), 1, 7, 'I'::pg_catalog."char", pg_catalog.txid_current(), pg_catalog.clock_timestamp(), session_user, '{"id": ' OPERATOR(pg_catalog.||) coalesce(NEW."id"::pg_catalog.text, 'null') OPERATOR(pg_catalog.||) '}', NULL, sluice.new_row);
  ELSIF sluice.turn OPERATOR(pg_catalog.=) 2 THEN
    INSERT INTO "sluice_capture"."event_logs_2" (id, turn, table_number, operation, transaction, at, db_user, message_key, old, new)
      VALUES (pg_catalog.nextval('"sluice_capture"."event_ids"'::pg_catalog.regclass), 2, 7, 'I'::pg_catalog."char", pg_catalog.txid_current(), pg_catalog.clock_timestamp(), session_user, '{"id": ' OPERATOR(pg_catalog.||) coalesce(NEW."id"::pg_catalog.text, 'null') OPERATOR(pg_catalog.||) '}', NULL, sluice.new_row);
  ELSE
    INSERT INTO "sluice_capture"."event_logs_3" (id, turn, table_number, operation, transaction, at, db_user, message_key, old, new)
      VALUES (pg_catalog.nextval('"sluice_capture"."event_ids"'::pg_catalog.regclass), 3, 7, 'I'::pg_catalog."char", pg_catalog.txid_current(), pg_catalog.clock_timestamp(), session_user, '{"id": ' OPERATOR(pg_catalog.||) coalesce(NEW."id"::pg_catalog.text, 'null') OPERATOR(pg_catalog.||) '}', NULL, sluice.new_row);
  END IF;
  RETURN NULL;
END
$function$;
CREATE TRIGGER zzz_sluice_i AFTER INSERT ON "public"."orders" FOR EACH ROW EXECUTE FUNCTION "sluice_capture"."captured_7_i"();

CREATE OR REPLACE FUNCTION "sluice_capture"."captured_7_u"()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
AS $function$
#variable_conflict use_column
<<sluice>>
DECLARE
  turn integer;
  old_row pg_catalog.text;
  new_row pg_catalog.text;
  standing pg_catalog.text;
  standing_key pg_catalog.text;
  is_same boolean;
BEGIN
  BEGIN
    IF OLD OPERATOR(pg_catalog.*=) NEW THEN
      RETURN NULL;
    END IF;
    IF greatest(pg_catalog.octet_length(OLD."note"), pg_catalog.pg_column_size(OLD."doc"), pg_catalog.octet_length(NEW."note"), pg_catalog.pg_column_size(NEW."doc")) OPERATOR(pg_catalog.>) 67108864 THEN
      sluice.old_row := pg_catalog.concat('{"id": ', coalesce(OLD."id"::pg_catalog.text, 'null'), ', "note": ', coalesce(CASE WHEN pg_catalog.octet_length(OLD."note") OPERATOR(pg_catalog.>) 67108864 THEN '{"sluice": "not recorded"}'::pg_catalog.json ELSE pg_catalog.to_json(OLD."note") END, 'null'), ', "doc": ', coalesce(CASE WHEN pg_catalog.pg_column_size(OLD."doc") OPERATOR(pg_catalog.>) 67108864 THEN '{"sluice": "not recorded"}'::pg_catalog.json ELSE pg_catalog.to_json(OLD."doc"::pg_catalog.text) END, 'null'), '}');
      sluice.new_row := pg_catalog.concat('{"id": ', coalesce(NEW."id"::pg_catalog.text, 'null'), ', "note": ', coalesce(CASE WHEN pg_catalog.octet_length(NEW."note") OPERATOR(pg_catalog.>) 67108864 THEN '{"sluice": "not recorded"}'::pg_catalog.json ELSE pg_catalog.to_json(NEW."note") END, 'null'), ', "doc": ', coalesce(CASE WHEN pg_catalog.pg_column_size(NEW."doc") OPERATOR(pg_catalog.>) 67108864 THEN '{"sluice": "not recorded"}'::pg_catalog.json ELSE pg_catalog.to_json(NEW."doc"::pg_catalog.text) END, 'null'), '}');
    ELSE
      sluice.old_row := pg_catalog.json_build_object('id'::pg_catalog.text, OLD."id", 'note'::pg_catalog.text, OLD."note", 'doc'::pg_catalog.text, OLD."doc"::pg_catalog.text)::pg_catalog.text;
      sluice.new_row := pg_catalog.json_build_object('id'::pg_catalog.text, NEW."id", 'note'::pg_catalog.text, NEW."note", 'doc'::pg_catalog.text, NEW."doc"::pg_catalog.text)::pg_catalog.text;
    END IF;
  EXCEPTION WHEN OTHERS THEN
    INSERT INTO "sluice_capture"."event_logs" (id, turn, table_number, operation, transaction, at, db_user, message_key, old, new)
      SELECT pg_catalog.nextval('"sluice_capture"."event_ids"'::pg_catalog.regclass), (SELECT last_value FROM "sluice_capture"."event_turn"), 7, 'U'::pg_catalog."char", pg_catalog.txid_current(), pg_catalog.clock_timestamp(), session_user, NULL, '{"sluice": "not recorded"}', '{"sluice": "not recorded"}';
    RETURN NULL;
  END;
  IF (OLD."id" OPERATOR(pg_catalog.=) NEW."id") IS NOT TRUE OR pg_catalog.pg_trigger_depth() OPERATOR(pg_catalog.>) 1 OR pg_catalog.current_setting('sluice.nested', true) OPERATOR(pg_catalog.=) 'on' THEN
    IF pg_catalog.pg_trigger_depth() OPERATOR(pg_catalog.>) 1 THEN
      PERFORM pg_catalog.set_config('sluice.nested', 'on', true);
    END IF;
    IF (OLD."id" OPERATOR(pg_catalog.=) NEW."id") IS NOT TRUE THEN
      BEGIN
        SELECT pg_catalog.concat('{"id": ', coalesce(n."id"::pg_catalog.text, 'null'), ', "note": ', coalesce(CASE WHEN pg_catalog.octet_length(n."note") OPERATOR(pg_catalog.>) 67108864 THEN '{"sluice": "not recorded"}'::pg_catalog.json ELSE pg_catalog.to_json(n."note") END, 'null'), ', "doc": ', coalesce(CASE WHEN pg_catalog.pg_column_size(n."doc") OPERATOR(pg_catalog.>) 67108864 THEN '{"sluice": "not recorded"}'::pg_catalog.json ELSE pg_catalog.to_json(n."doc"::pg_catalog.text) END, 'null'), '}'), '{"id": ' OPERATOR(pg_catalog.||) coalesce(n."id"::pg_catalog.text, 'null') OPERATOR(pg_catalog.||) '}', ROW(n."id")::pg_catalog.record OPERATOR(pg_catalog.*=) ROW(OLD."id")::pg_catalog.record
          INTO sluice.standing, sluice.standing_key, sluice.is_same
          FROM ONLY "public"."orders" AS n("id", "note", "doc")
          WHERE n."id" OPERATOR(pg_catalog.=) OLD."id" LIMIT 1;
      EXCEPTION WHEN OTHERS THEN
        IF pg_catalog.pg_trigger_depth() OPERATOR(pg_catalog.>) 1 OR pg_catalog.current_setting('sluice.nested', true) OPERATOR(pg_catalog.=) 'on' THEN
          INSERT INTO "sluice_capture"."event_logs" (id, turn, table_number, operation, transaction, at, db_user, message_key, old, new)
            SELECT pg_catalog.nextval('"sluice_capture"."event_ids"'::pg_catalog.regclass), (SELECT last_value FROM "sluice_capture"."event_turn"), 7, 'U'::pg_catalog."char", pg_catalog.txid_current(), pg_catalog.clock_timestamp(), session_user, NULL, '{"sluice": "not recorded"}', '{"sluice": "not recorded"}';
          RETURN NULL;
        END IF;
        sluice.standing := NULL;
      END;
      IF sluice.standing IS NULL OR NOT sluice.is_same THEN
        INSERT INTO "sluice_capture"."event_logs" (id, turn, table_number, operation, transaction, at, db_user, message_key, old, new)
          SELECT pg_catalog.nextval('"sluice_capture"."event_ids"'::pg_catalog.regclass), (SELECT last_value FROM "sluice_capture"."event_turn"), 7, 'D'::pg_catalog."char", pg_catalog.txid_current(), pg_catalog.clock_timestamp(), session_user, '{"id": ' OPERATOR(pg_catalog.||) coalesce(OLD."id"::pg_catalog.text, 'null') OPERATOR(pg_catalog.||) '}', sluice.old_row, NULL;
      END IF;
      IF sluice.standing IS NOT NULL THEN
        INSERT INTO "sluice_capture"."event_logs" (id, turn, table_number, operation, transaction, at, db_user, message_key, old, new)
          SELECT pg_catalog.nextval('"sluice_capture"."event_ids"'::pg_catalog.regclass), (SELECT last_value FROM "sluice_capture"."event_turn"), 7, 'I'::pg_catalog."char", pg_catalog.txid_current(), pg_catalog.clock_timestamp(), session_user, sluice.standing_key, NULL, sluice.standing;
      END IF;
    END IF;
    BEGIN
      SELECT pg_catalog.concat('{"id": ', coalesce(n."id"::pg_catalog.text, 'null'), ', "note": ', coalesce(CASE WHEN pg_catalog.octet_length(n."note") OPERATOR(pg_catalog.>) 67108864 THEN '{"sluice": "not recorded"}'::pg_catalog.json ELSE pg_catalog.to_json(n."note") END, 'null'), ', "doc": ', coalesce(CASE WHEN pg_catalog.pg_column_size(n."doc") OPERATOR(pg_catalog.>) 67108864 THEN '{"sluice": "not recorded"}'::pg_catalog.json ELSE pg_catalog.to_json(n."doc"::pg_catalog.text) END, 'null'), '}'), '{"id": ' OPERATOR(pg_catalog.||) coalesce(n."id"::pg_catalog.text, 'null') OPERATOR(pg_catalog.||) '}', ROW(n."id")::pg_catalog.record OPERATOR(pg_catalog.*=) ROW(NEW."id")::pg_catalog.record
        INTO sluice.standing, sluice.standing_key, sluice.is_same
        FROM ONLY "public"."orders" AS n("id", "note", "doc")
        WHERE n."id" OPERATOR(pg_catalog.=) NEW."id" LIMIT 1;
    EXCEPTION WHEN OTHERS THEN
      IF pg_catalog.pg_trigger_depth() OPERATOR(pg_catalog.>) 1 OR pg_catalog.current_setting('sluice.nested', true) OPERATOR(pg_catalog.=) 'on' THEN
        INSERT INTO "sluice_capture"."event_logs" (id, turn, table_number, operation, transaction, at, db_user, message_key, old, new)
          SELECT pg_catalog.nextval('"sluice_capture"."event_ids"'::pg_catalog.regclass), (SELECT last_value FROM "sluice_capture"."event_turn"), 7, 'U'::pg_catalog."char", pg_catalog.txid_current(), pg_catalog.clock_timestamp(), session_user, NULL, '{"sluice": "not recorded"}', '{"sluice": "not recorded"}';
        RETURN NULL;
      END IF;
      sluice.standing := sluice.new_row;
      sluice.standing_key := '{"id": ' OPERATOR(pg_catalog.||) coalesce(NEW."id"::pg_catalog.text, 'null') OPERATOR(pg_catalog.||) '}';
    END;
    IF sluice.standing IS NULL THEN
      RETURN NULL;
    ELSIF (OLD."id" OPERATOR(pg_catalog.=) NEW."id") IS NOT TRUE THEN
      INSERT INTO "sluice_capture"."event_logs" (id, turn, table_number, operation, transaction, at, db_user, message_key, old, new)
        SELECT pg_catalog.nextval('"sluice_capture"."event_ids"'::pg_catalog.regclass), (SELECT last_value FROM "sluice_capture"."event_turn"), 7, 'I'::pg_catalog."char", pg_catalog.txid_current(), pg_catalog.clock_timestamp(), session_user, sluice.standing_key, NULL, sluice.standing;
    ELSE
      INSERT INTO "sluice_capture"."event_logs" (id, turn, table_number, operation, transaction, at, db_user, message_key, old, new)
        SELECT pg_catalog.nextval('"sluice_capture"."event_ids"'::pg_catalog.regclass), (SELECT last_value FROM "sluice_capture"."event_turn"), 7, 'U'::pg_catalog."char", pg_catalog.txid_current(), pg_catalog.clock_timestamp(), session_user, sluice.standing_key, sluice.old_row, sluice.standing;
    END IF;
    RETURN NULL;
  END IF;
  sluice.turn := coalesce(pg_catalog.pg_sequence_last_value('"sluice_capture"."event_turn"'::pg_catalog.regclass), 1);
  IF sluice.turn OPERATOR(pg_catalog.=) 1 THEN
    INSERT INTO "sluice_capture"."event_logs_1" (id, turn, table_number, operation, transaction, at, db_user, message_key, old, new)
      VALUES (pg_catalog.nextval('"sluice_capture"."event_ids"'::pg_catalog.regclass), 1, 7, 'U'::pg_catalog."char", pg_catalog.txid_current(), pg_catalog.clock_timestamp(), session_user, '{"id": ' OPERATOR(pg_catalog.||) coalesce(NEW."id"::pg_catalog.text, 'null') OPERATOR(pg_catalog.||) '}', sluice.old_row, sluice.new_row);
  ELSIF sluice.turn OPERATOR(pg_catalog.=) 2 THEN
    INSERT INTO "sluice_capture"."event_logs_2" (id, turn, table_number, operation, transaction, at, db_user, message_key, old, new)
      VALUES (pg_catalog.nextval('"sluice_capture"."event_ids"'::pg_catalog.regclass), 2, 7, 'U'::pg_catalog."char", pg_catalog.txid_current(), pg_catalog.clock_timestamp(), session_user, '{"id": ' OPERATOR(pg_catalog.||) coalesce(NEW."id"::pg_catalog.text, 'null') OPERATOR(pg_catalog.||) '}', sluice.old_row, sluice.new_row);
  ELSE
    INSERT INTO "sluice_capture"."event_logs_3" (id, turn, table_number, operation, transaction, at, db_user, message_key, old, new)
      VALUES (pg_catalog.nextval('"sluice_capture"."event_ids"'::pg_catalog.regclass), 3, 7, 'U'::pg_catalog."char", pg_catalog.txid_current(), pg_catalog.clock_timestamp(), session_user, '{"id": ' OPERATOR(pg_catalog.||) coalesce(NEW."id"::pg_catalog.text, 'null') OPERATOR(pg_catalog.||) '}', sluice.old_row, sluice.new_row);
  END IF;
  RETURN NULL;
END
$function$;
CREATE TRIGGER zzz_sluice_u AFTER UPDATE ON "public"."orders" FOR EACH ROW EXECUTE FUNCTION "sluice_capture"."captured_7_u"();

CREATE OR REPLACE FUNCTION "sluice_capture"."captured_7_d"()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
AS $function$
#variable_conflict use_column
<<sluice>>
DECLARE
  turn integer;
  old_row pg_catalog.text;
  new_row pg_catalog.text;
  standing pg_catalog.text;
  standing_key pg_catalog.text;
  is_same boolean;
BEGIN
  BEGIN
    IF greatest(pg_catalog.octet_length(OLD."note"), pg_catalog.pg_column_size(OLD."doc")) OPERATOR(pg_catalog.>) 67108864 THEN
      sluice.old_row := pg_catalog.concat('{"id": ', coalesce(OLD."id"::pg_catalog.text, 'null'), ', "note": ', coalesce(CASE WHEN pg_catalog.octet_length(OLD."note") OPERATOR(pg_catalog.>) 67108864 THEN '{"sluice": "not recorded"}'::pg_catalog.json ELSE pg_catalog.to_json(OLD."note") END, 'null'), ', "doc": ', coalesce(CASE WHEN pg_catalog.pg_column_size(OLD."doc") OPERATOR(pg_catalog.>) 67108864 THEN '{"sluice": "not recorded"}'::pg_catalog.json ELSE pg_catalog.to_json(OLD."doc"::pg_catalog.text) END, 'null'), '}');
    ELSE
      sluice.old_row := pg_catalog.json_build_object('id'::pg_catalog.text, OLD."id", 'note'::pg_catalog.text, OLD."note", 'doc'::pg_catalog.text, OLD."doc"::pg_catalog.text)::pg_catalog.text;
    END IF;
  EXCEPTION WHEN OTHERS THEN
    INSERT INTO "sluice_capture"."event_logs" (id, turn, table_number, operation, transaction, at, db_user, message_key, old, new)
      SELECT pg_catalog.nextval('"sluice_capture"."event_ids"'::pg_catalog.regclass), (SELECT last_value FROM "sluice_capture"."event_turn"), 7, 'D'::pg_catalog."char", pg_catalog.txid_current(), pg_catalog.clock_timestamp(), session_user, NULL, '{"sluice": "not recorded"}', NULL;
    RETURN NULL;
  END;
  IF pg_catalog.pg_trigger_depth() OPERATOR(pg_catalog.>) 1 OR pg_catalog.current_setting('sluice.nested', true) OPERATOR(pg_catalog.=) 'on' THEN
    PERFORM pg_catalog.set_config('sluice.nested', 'on', true);
    BEGIN
      SELECT pg_catalog.concat('{"id": ', coalesce(n."id"::pg_catalog.text, 'null'), ', "note": ', coalesce(CASE WHEN pg_catalog.octet_length(n."note") OPERATOR(pg_catalog.>) 67108864 THEN '{"sluice": "not recorded"}'::pg_catalog.json ELSE pg_catalog.to_json(n."note") END, 'null'), ', "doc": ', coalesce(CASE WHEN pg_catalog.pg_column_size(n."doc") OPERATOR(pg_catalog.>) 67108864 THEN '{"sluice": "not recorded"}'::pg_catalog.json ELSE pg_catalog.to_json(n."doc"::pg_catalog.text) END, 'null'), '}'), '{"id": ' OPERATOR(pg_catalog.||) coalesce(n."id"::pg_catalog.text, 'null') OPERATOR(pg_catalog.||) '}', ROW(n."id")::pg_catalog.record OPERATOR(pg_catalog.*=) ROW(OLD."id")::pg_catalog.record
        INTO sluice.standing, sluice.standing_key, sluice.is_same
        FROM ONLY "public"."orders" AS n("id", "note", "doc")
        WHERE n."id" OPERATOR(pg_catalog.=) OLD."id" LIMIT 1;
    EXCEPTION WHEN OTHERS THEN
      IF pg_catalog.pg_trigger_depth() OPERATOR(pg_catalog.>) 1 OR pg_catalog.current_setting('sluice.nested', true) OPERATOR(pg_catalog.=) 'on' THEN
        INSERT INTO "sluice_capture"."event_logs" (id, turn, table_number, operation, transaction, at, db_user, message_key, old, new)
          SELECT pg_catalog.nextval('"sluice_capture"."event_ids"'::pg_catalog.regclass), (SELECT last_value FROM "sluice_capture"."event_turn"), 7, 'D'::pg_catalog."char", pg_catalog.txid_current(), pg_catalog.clock_timestamp(), session_user, NULL, '{"sluice": "not recorded"}', NULL;
        RETURN NULL;
      END IF;
      sluice.standing := NULL;
    END;
    IF sluice.standing IS NULL OR NOT sluice.is_same THEN
      INSERT INTO "sluice_capture"."event_logs" (id, turn, table_number, operation, transaction, at, db_user, message_key, old, new)
        SELECT pg_catalog.nextval('"sluice_capture"."event_ids"'::pg_catalog.regclass), (SELECT last_value FROM "sluice_capture"."event_turn"), 7, 'D'::pg_catalog."char", pg_catalog.txid_current(), pg_catalog.clock_timestamp(), session_user, '{"id": ' OPERATOR(pg_catalog.||) coalesce(OLD."id"::pg_catalog.text, 'null') OPERATOR(pg_catalog.||) '}', sluice.old_row, NULL;
    END IF;
    IF sluice.standing IS NOT NULL THEN
      INSERT INTO "sluice_capture"."event_logs" (id, turn, table_number, operation, transaction, at, db_user, message_key, old, new)
        SELECT pg_catalog.nextval('"sluice_capture"."event_ids"'::pg_catalog.regclass), (SELECT last_value FROM "sluice_capture"."event_turn"), 7, 'I'::pg_catalog."char", pg_catalog.txid_current(), pg_catalog.clock_timestamp(), session_user, sluice.standing_key, NULL, sluice.standing;
    END IF;
    RETURN NULL;
  END IF;
  sluice.turn := coalesce(pg_catalog.pg_sequence_last_value('"sluice_capture"."event_turn"'::pg_catalog.regclass), 1);
  IF sluice.turn OPERATOR(pg_catalog.=) 1 THEN
    INSERT INTO "sluice_capture"."event_logs_1" (id, turn, table_number, operation, transaction, at, db_user, message_key, old, new)
      VALUES (pg_catalog.nextval('"sluice_capture"."event_ids"'::pg_catalog.regclass), 1, 7, 'D'::pg_catalog."char", pg_catalog.txid_current(), pg_catalog.clock_timestamp(), session_user, '{"id": ' OPERATOR(pg_catalog.||) coalesce(OLD."id"::pg_catalog.text, 'null') OPERATOR(pg_catalog.||) '}', sluice.old_row, NULL);
  ELSIF sluice.turn OPERATOR(pg_catalog.=) 2 THEN
    INSERT INTO "sluice_capture"."event_logs_2" (id, turn, table_number, operation, transaction, at, db_user, message_key, old, new)
      VALUES (pg_catalog.nextval('"sluice_capture"."event_ids"'::pg_catalog.regclass), 2, 7, 'D'::pg_catalog."char", pg_catalog.txid_current(), pg_catalog.clock_timestamp(), session_user, '{"id": ' OPERATOR(pg_catalog.||) coalesce(OLD."id"::pg_catalog.text, 'null') OPERATOR(pg_catalog.||) '}', sluice.old_row, NULL);
  ELSE
    INSERT INTO "sluice_capture"."event_logs_3" (id, turn, table_number, operation, transaction, at, db_user, message_key, old, new)
      VALUES (pg_catalog.nextval('"sluice_capture"."event_ids"'::pg_catalog.regclass), 3, 7, 'D'::pg_catalog."char", pg_catalog.txid_current(), pg_catalog.clock_timestamp(), session_user, '{"id": ' OPERATOR(pg_catalog.||) coalesce(OLD."id"::pg_catalog.text, 'null') OPERATOR(pg_catalog.||) '}', sluice.old_row, NULL);
  END IF;
  RETURN NULL;
END
$function$;
CREATE TRIGGER zzz_sluice_d AFTER DELETE ON "public"."orders" FOR EACH ROW EXECUTE FUNCTION "sluice_capture"."captured_7_d"();

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
