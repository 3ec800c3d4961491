-- The table of every case, empty, with its key: what a target has before the rows arrive.
create table orders (
  id bigint primary key,
  customer_id int not null,
  status text not null,
  amount numeric(12, 2) not null,
  created_at timestamptz not null,
  note text,
  payload jsonb,
  qty int,
  flag boolean,
  ref uuid
);
