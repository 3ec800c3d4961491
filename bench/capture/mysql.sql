-- The application's table, and the simplest trigger that records both rows: the yardstick. As in the peers' capture-overhead-maria.sql.
create table app_none (id bigint primary key, customer_id int not null, status varchar(20) not null, amount decimal(12,2) not null,
  created_at datetime(6) not null, note text, payload longtext, qty int, flag tinyint(1), ref char(36)) engine=InnoDB;
insert into app_none select seq, seq % 100000, 'paid', (seq % 1000000) / 100.0, timestampadd(second, seq, '2024-01-01'), concat(md5(seq), md5(seq+1)),
  concat('{"k":', seq, ',"x":"', md5(seq), '","tags":["a","b"]}'), seq % 100, seq % 2, insert(insert(insert(insert(md5(seq),9,0,'-'),14,0,'-'),19,0,'-'),24,0,'-') from seq_1_to_200000;
create table app_plain like app_none;
insert into app_plain select * from app_none;
create table app_row like app_none;
insert into app_row select * from app_none;
create table plain_stage (id bigint auto_increment primary key, conn bigint, op char(1), tbl varchar(64), old longtext, new longtext, at datetime(6)) engine=InnoDB;
create trigger plain_u after update on app_plain for each row insert into plain_stage(conn, op, tbl, old, new, at) values (connection_id(), 'u', 'app_plain',
  json_object('id', old.id, 'customer_id', old.customer_id, 'status', old.status, 'amount', old.amount, 'created_at', old.created_at, 'note', old.note, 'payload', old.payload, 'qty', old.qty, 'flag', old.flag, 'ref', old.ref),
  json_object('id', new.id, 'customer_id', new.customer_id, 'status', new.status, 'amount', new.amount, 'created_at', new.created_at, 'note', new.note, 'payload', new.payload, 'qty', new.qty, 'flag', new.flag, 'ref', new.ref), now(6));
create trigger plain_c after insert on app_plain for each row insert into plain_stage(conn, op, tbl, new, at) values (connection_id(), 'c', 'app_plain',
  json_object('id', new.id, 'customer_id', new.customer_id, 'status', new.status, 'amount', new.amount, 'created_at', new.created_at, 'note', new.note, 'payload', new.payload, 'qty', new.qty, 'flag', new.flag, 'ref', new.ref), now(6));
create trigger plain_d after delete on app_plain for each row insert into plain_stage(conn, op, tbl, old, at) values (connection_id(), 'd', 'app_plain',
  json_object('id', old.id, 'customer_id', old.customer_id, 'status', old.status, 'amount', old.amount, 'created_at', old.created_at, 'note', old.note, 'payload', old.payload, 'qty', old.qty, 'flag', old.flag, 'ref', old.ref), now(6));
