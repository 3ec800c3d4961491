-- Rows of a megabyte each: what a worker's memory must not follow. Stored as they are, since compressing them would
-- only measure the compression.
create table wide (id bigint primary key, body text not null);
alter table wide alter column body set storage external;
