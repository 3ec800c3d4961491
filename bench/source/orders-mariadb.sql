-- The table of the cases with MariaDB, empty, with its key: the same ten columns as MariaDB has them.
create table orders (
  id bigint primary key,
  customer_id int not null,
  status varchar(16) not null,
  amount decimal(12, 2) not null,
  created_at datetime(6) not null,
  note text,
  payload json,
  qty int,
  flag boolean,
  ref char(36) character set ascii collate ascii_bin
) engine = InnoDB default character set utf8mb4 collate utf8mb4_bin;
