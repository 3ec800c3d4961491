-- Rows of about 7.5 kB, one to a page: many bytes for little work of the databases, so that links and not processors are the limit.
create table pages (id bigint primary key, body text not null);
alter table pages alter column body set storage plain;
