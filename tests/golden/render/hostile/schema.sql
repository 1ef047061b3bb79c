CREATE TABLE org (id int PRIMARY KEY);
CREATE SCHEMA "a\b";
CREATE TABLE "Us%s{0}""
$orglift$;\! x" ("i:d" int PRIMARY KEY);
CREATE TABLE "a\b"."c""""""
-- $step$ ü:n" (
    id int PRIMARY KEY,
    "x\""'%(y)s{z}" int,
    CONSTRAINT "k
\if %% $$ """""" ' */" FOREIGN KEY ("x\""'%(y)s{z}") REFERENCES "Us%s{0}""
$orglift$;\! x" ON DELETE CASCADE
);
