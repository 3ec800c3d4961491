-- The application's table, and the simplest trigger that records both rows: the yardstick. As in the peers' capture-overhead.sql.
create table app_none (id bigint primary key, customer_id int not null, status text not null, amount numeric(12,2) not null,
  created_at timestamptz not null, note text, payload jsonb, qty int, flag boolean, ref uuid) with (autovacuum_enabled = off);
insert into app_none select i, i % 100000, 'paid', (i % 1000000) / 100.0, timestamptz '2024-01-01' + i * interval '1 s', md5(i::text) || md5((i+1)::text),
  jsonb_build_object('k', i, 'x', md5(i::text), 'tags', '["a","b"]'::jsonb), i % 100, i % 2 = 0, md5(i::text)::uuid from generate_series(1, 200000) i;
create table app_plain (like app_none including all) with (autovacuum_enabled = off);
insert into app_plain select * from app_none;
create table app_row (like app_none including all) with (autovacuum_enabled = off);
insert into app_row select * from app_none;
create table app_statement (like app_none including all) with (autovacuum_enabled = off);
insert into app_statement select * from app_none;
create table plain_stage (id bigserial primary key, txid bigint, op "char", tbl text, old jsonb, new jsonb, at timestamptz) with (autovacuum_enabled = off);
create function plain_row() returns trigger language plpgsql as $$
begin
  insert into plain_stage(txid, op, tbl, old, new, at) values (pg_current_xact_id()::text::bigint,
    case tg_op when 'INSERT' then 'c' when 'UPDATE' then 'u' else 'd' end, tg_table_name,
    case when tg_op <> 'INSERT' then to_jsonb(old) end, case when tg_op <> 'DELETE' then to_jsonb(new) end, clock_timestamp());
  return null;
end $$;
create trigger plain_row after insert or update or delete on app_plain for each row execute function plain_row();
