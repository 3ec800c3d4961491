/** A schema with everything that a structure may have, by product; the same shop in each of them. */
export const EVERYTHING_POSTGRESQL = `
  CREATE SEQUENCE invoice_numbers INCREMENT BY 5 START WITH 100;
  CREATE TABLE people (
    id bigint GENERATED ALWAYS AS IDENTITY (START WITH 10 INCREMENT BY 10) PRIMARY KEY,
    mail varchar(80) NOT NULL, boss bigint, home int, active boolean NOT NULL DEFAULT true,
    born date DEFAULT '1970-01-01', since timestamp NOT NULL DEFAULT now(), kind varchar(10) DEFAULT 'guest',
    invoice int DEFAULT nextval('invoice_numbers'), loud text GENERATED ALWAYS AS (upper(kind)) STORED,
    CONSTRAINT people_mail_key UNIQUE (mail),
    CONSTRAINT people_kind CHECK (kind IN ('guest', 'member')),
    CONSTRAINT people_age CHECK (born >= '1900-01-01' OR born IS NULL),
    CONSTRAINT people_odd CHECK (mail ~ '@'));
  CREATE TABLE homes (
    id serial PRIMARY KEY, owner bigint, street varchar(60), size int NOT NULL DEFAULT 1, note text,
    CONSTRAINT homes_size CHECK (size > 0 AND size < 1000));
  CREATE TABLE visits (
    person bigint NOT NULL, home int NOT NULL, day date NOT NULL, PRIMARY KEY (person, home, day)) PARTITION BY RANGE (day);
  CREATE TABLE visits_old PARTITION OF visits FOR VALUES FROM (MINVALUE) TO ('2020-01-01');
  CREATE TABLE visits_new PARTITION OF visits FOR VALUES FROM ('2020-01-01') TO (MAXVALUE);
  ALTER TABLE people ADD CONSTRAINT people_boss FOREIGN KEY (boss) REFERENCES people ON DELETE SET NULL,
    ADD CONSTRAINT people_home FOREIGN KEY (home) REFERENCES homes DEFERRABLE INITIALLY DEFERRED;
  ALTER TABLE homes ADD CONSTRAINT homes_owner FOREIGN KEY (owner) REFERENCES people ON UPDATE CASCADE ON DELETE CASCADE;
  ALTER TABLE visits ADD CONSTRAINT visits_person FOREIGN KEY (person) REFERENCES people, ADD CONSTRAINT visits_home FOREIGN KEY (home) REFERENCES homes;
  CREATE UNIQUE INDEX people_loud ON people (lower(mail)) WHERE active;
  CREATE INDEX homes_street ON homes (street DESC, size) INCLUDE (note);
  CREATE INDEX homes_large ON homes (owner) WHERE size > 100;
  CREATE INDEX homes_words ON homes USING gin (to_tsvector('simple'::regconfig, note));
  CREATE INDEX visits_day ON visits (day);
  COMMENT ON TABLE people IS 'who comes';
  COMMENT ON COLUMN homes.note IS 'of the ''owner''';`;

export const PEOPLE_ROWS = `
  INSERT INTO people (mail, boss, home, active, kind) VALUES ('a@x', NULL, NULL, true, 'member'), ('b@x', 10, NULL, false, 'guest'), ('c@x', 20, NULL, true, NULL);
  INSERT INTO homes (owner, street, size) VALUES (10, 'here', 5), (30, 'there', 500);
  UPDATE people SET home = 1 WHERE id = 10; UPDATE people SET home = 2 WHERE id = 20;
  INSERT INTO visits VALUES (10, 2, '2019-01-01'), (20, 1, '2024-01-01');`;

export const EVERYTHING_MARIADB = `
  CREATE TABLE people (
    id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, mail varchar(80) COLLATE utf8mb4_bin NOT NULL, boss bigint, home int,
    active tinyint(1) NOT NULL DEFAULT 1, kind varchar(10) COLLATE utf8mb4_bin DEFAULT 'guest', since datetime NOT NULL DEFAULT current_timestamp(),
    loud varchar(20) GENERATED ALWAYS AS (upper(kind)) STORED, note text,
    UNIQUE KEY mail (mail), KEY idx (kind, active DESC), KEY note (note(20)),
    CONSTRAINT people_kind CHECK (kind in ('guest', 'member')),
    CONSTRAINT people_odd CHECK (length(mail) > 1)) COMMENT 'who comes';
  CREATE TABLE homes (
    id int NOT NULL AUTO_INCREMENT PRIMARY KEY, owner bigint, street varchar(60) COMMENT 'of the ''owner''', size int NOT NULL DEFAULT 1,
    KEY idx (street), FULLTEXT KEY words (street),
    CONSTRAINT homes_size CHECK (size > 0 and size < 1000),
    CONSTRAINT homes_owner FOREIGN KEY (owner) REFERENCES people (id) ON UPDATE CASCADE ON DELETE CASCADE);
  ALTER TABLE people ADD CONSTRAINT people_boss FOREIGN KEY (boss) REFERENCES people (id) ON DELETE SET NULL,
    ADD CONSTRAINT people_home FOREIGN KEY (home) REFERENCES homes (id);
  INSERT INTO people (id, mail, kind) VALUES (10, 'a@x', 'member'), (20, 'b@x', 'guest');
  INSERT INTO homes (id, owner, street, size) VALUES (1, 10, 'here', 5), (2, 20, 'there', 500);
  UPDATE people SET home = 1, boss = 20 WHERE id = 10;`;

export const EVERYTHING_SQLITE = `
  CREATE TABLE people (
    id INTEGER PRIMARY KEY, mail TEXT NOT NULL UNIQUE, boss INTEGER REFERENCES people ON DELETE SET NULL,
    home INTEGER REFERENCES homes (id) DEFERRABLE INITIALLY DEFERRED, active BOOLEAN NOT NULL DEFAULT 1,
    kind TEXT DEFAULT 'guest' CHECK (kind IN ('guest', 'member')), since TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    loud TEXT GENERATED ALWAYS AS (upper(kind)) STORED, CONSTRAINT people_odd CHECK (mail LIKE '%@%'));
  CREATE TABLE homes (
    id INTEGER PRIMARY KEY, owner INTEGER REFERENCES people ON UPDATE CASCADE ON DELETE CASCADE, street TEXT, size INTEGER NOT NULL DEFAULT 1,
    CONSTRAINT homes_size CHECK (size > 0 AND size < 1000));
  CREATE INDEX homes_street ON homes (street DESC, size);
  CREATE INDEX homes_large ON homes (owner) WHERE size > 100;
  CREATE UNIQUE INDEX people_folded ON people (mail COLLATE NOCASE);
  INSERT INTO people (id, mail, kind) VALUES (10, 'a@x', 'member'), (20, 'b@x', 'guest');
  INSERT INTO homes (id, owner, street, size) VALUES (1, 10, 'here', 5), (2, 20, 'there', 500);
  UPDATE people SET home = 1, boss = 20 WHERE id = 10;`;
