-- The application's table, and the simplest trigger that records both rows: the yardstick.
create table app_none (id integer primary key, customer_id integer not null, status text not null, amount numeric not null,
  created_at text not null, note text, payload text, qty integer, flag integer, ref text);
insert into app_none
  with recursive seq(i) as (select 1 union all select i + 1 from seq where i < 200000)
  select i, i % 100000, 'paid', i / 100.0, datetime('2024-01-01', i || ' seconds'), hex(i * 1000003) || '5fceea167a5a36dedd4bea2543c9f0f895fb98ab9159f51fd0297e236d',
    '{"k":' || i || ',"x":"8f14e45fceea167a5a36dedd4bea2543","tags":["a","b"]}', i % 100, i % 2, '8f14e45f-ceea-167a-5a36-dedd4bea2543' from seq;
create table app_plain (id integer primary key, customer_id integer not null, status text not null, amount numeric not null,
  created_at text not null, note text, payload text, qty integer, flag integer, ref text);
insert into app_plain select * from app_none;
create table app_row (id integer primary key, customer_id integer not null, status text not null, amount numeric not null,
  created_at text not null, note text, payload text, qty integer, flag integer, ref text);
insert into app_row select * from app_none;
create table plain_stage (id integer primary key autoincrement, op text, tbl text, old text, new text, at text);
create trigger plain_u after update on app_plain begin insert into plain_stage(op, tbl, old, new, at) values ('u', 'app_plain',
  json_object('id', old.id, 'customer_id', old.customer_id, 'status', old.status, 'amount', old.amount, 'created_at', old.created_at, 'note', old.note, 'payload', old.payload, 'qty', old.qty, 'flag', old.flag, 'ref', old.ref),
  json_object('id', new.id, 'customer_id', new.customer_id, 'status', new.status, 'amount', new.amount, 'created_at', new.created_at, 'note', new.note, 'payload', new.payload, 'qty', new.qty, 'flag', new.flag, 'ref', new.ref), strftime('%Y-%m-%d %H:%M:%f')); end;
create trigger plain_c after insert on app_plain begin insert into plain_stage(op, tbl, new, at) values ('c', 'app_plain',
  json_object('id', new.id, 'customer_id', new.customer_id, 'status', new.status, 'amount', new.amount, 'created_at', new.created_at, 'note', new.note, 'payload', new.payload, 'qty', new.qty, 'flag', new.flag, 'ref', new.ref), strftime('%Y-%m-%d %H:%M:%f')); end;
create trigger plain_d after delete on app_plain begin insert into plain_stage(op, tbl, old, at) values ('d', 'app_plain',
  json_object('id', old.id, 'customer_id', old.customer_id, 'status', old.status, 'amount', old.amount, 'created_at', old.created_at, 'note', old.note, 'payload', old.payload, 'qty', old.qty, 'flag', old.flag, 'ref', old.ref), strftime('%Y-%m-%d %H:%M:%f')); end;
