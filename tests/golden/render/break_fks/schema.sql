CREATE TABLE org (id int PRIMARY KEY);
CREATE TABLE u (id int PRIMARY KEY, a int, b text, UNIQUE (a, b));
CREATE TABLE c (
    id int PRIMARY KEY,
    x int REFERENCES u ON DELETE CASCADE,
    a int,
    b text,
    CONSTRAINT c_whole FOREIGN KEY (a, b) REFERENCES u (a, b) MATCH FULL ON DELETE SET NULL
);
