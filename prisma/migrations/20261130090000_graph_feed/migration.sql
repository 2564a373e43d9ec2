ALTER TABLE "graph_node" ALTER COLUMN "version" SET DEFAULT 1;
ALTER TABLE "graph_relation" ALTER COLUMN "version" SET DEFAULT 1;

-- By hand from here on. -----------------------------------------------------------------------------

-- As feed_version, but who gives a higher one keeps it: what comes from elsewhere brings its own versions along.
CREATE FUNCTION "feed_version_given"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.version := greatest(NEW.version, OLD.version + 1);
  RETURN NEW;
END $$;

CREATE TRIGGER "feed_insert" AFTER INSERT ON "graph_node"
  REFERENCING NEW TABLE AS rows_now FOR EACH STATEMENT EXECUTE FUNCTION "feed_rows"('entity');
CREATE TRIGGER "feed_update" AFTER UPDATE ON "graph_node"
  REFERENCING NEW TABLE AS rows_now FOR EACH STATEMENT EXECUTE FUNCTION "feed_rows"('entity');
CREATE TRIGGER "feed_delete" AFTER DELETE ON "graph_node"
  REFERENCING OLD TABLE AS rows_now FOR EACH STATEMENT EXECUTE FUNCTION "feed_rows"('entity');
CREATE TRIGGER "feed_version" BEFORE UPDATE ON "graph_node" FOR EACH ROW EXECUTE FUNCTION "feed_version_given"();
CREATE TRIGGER "feed_identity" BEFORE UPDATE OF "id", "workspace_id" ON "graph_node" FOR EACH ROW
  WHEN ((OLD.id, OLD.workspace_id) IS DISTINCT FROM (NEW.id, NEW.workspace_id)) EXECUTE FUNCTION "feed_identity"();
CREATE TRIGGER "feed_no_truncate" BEFORE TRUNCATE ON "graph_node" FOR EACH STATEMENT EXECUTE FUNCTION "feed_no_truncate"();

CREATE TRIGGER "feed_insert" AFTER INSERT ON "graph_relation"
  REFERENCING NEW TABLE AS rows_now FOR EACH STATEMENT EXECUTE FUNCTION "feed_rows"('relation');
CREATE TRIGGER "feed_update" AFTER UPDATE ON "graph_relation"
  REFERENCING NEW TABLE AS rows_now FOR EACH STATEMENT EXECUTE FUNCTION "feed_rows"('relation');
CREATE TRIGGER "feed_delete" AFTER DELETE ON "graph_relation"
  REFERENCING OLD TABLE AS rows_now FOR EACH STATEMENT EXECUTE FUNCTION "feed_rows"('relation');
CREATE TRIGGER "feed_version" BEFORE UPDATE ON "graph_relation" FOR EACH ROW EXECUTE FUNCTION "feed_version_given"();
CREATE TRIGGER "feed_identity" BEFORE UPDATE OF "id", "workspace_id" ON "graph_relation" FOR EACH ROW
  WHEN ((OLD.id, OLD.workspace_id) IS DISTINCT FROM (NEW.id, NEW.workspace_id)) EXECUTE FUNCTION "feed_identity"();
CREATE TRIGGER "feed_no_truncate" BEFORE TRUNCATE ON "graph_relation" FOR EACH STATEMENT EXECUTE FUNCTION "feed_no_truncate"();
