-- 0001_initial: written from the declarations. Review and commit it.
-- Runs in one transaction. Once it is applied anywhere it must not change; a further change is a further file.

-- create-schema:bench (additive). A service is declared.
-- Locks: none on existing tables.
create schema "bench";
