-- CreateTable
CREATE TABLE "document" (
    "id" UUID NOT NULL,
    "workspace_id" UUID NOT NULL,
    "key" TEXT NOT NULL,
    "title" TEXT NOT NULL,
    "text" TEXT NOT NULL,
    "uri" TEXT,
    "metadata" JSONB NOT NULL DEFAULT '{}',
    "content_hash" TEXT GENERATED ALWAYS AS (md5("title" || E'\n' || "text")) STORED,
    -- Of the text its first 200,000 characters: the words of more may not fit into a tsvector, which has 1 MiB. At most
    -- four bytes each: one of three and a blank make an entry of eight.
    "search" tsvector GENERATED ALWAYS AS (
      setweight(to_tsvector('simple', regexp_replace("title", '[^a-zA-Z0-9\u0080-\U0010FFFF]+', ' ', 'g')), 'A') ||
      setweight(to_tsvector('simple', regexp_replace(left("text", 200000), '[^a-zA-Z0-9\u0080-\U0010FFFF]+', ' ', 'g')), 'B')) STORED,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "version" BIGINT NOT NULL DEFAULT 1,

    CONSTRAINT "document_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "document_workspace_id_created_at_id_idx" ON "document"("workspace_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "document_workspace_id_title_id_idx" ON "document"("workspace_id", "title", "id");

-- CreateIndex
CREATE INDEX "document_search_idx" ON "document" USING GIN ("search");

-- CreateIndex
CREATE UNIQUE INDEX "document_workspace_id_key_key" ON "document"("workspace_id", "key");

-- AddForeignKey
ALTER TABLE "document" ADD CONSTRAINT "document_workspace_id_fkey" FOREIGN KEY ("workspace_id") REFERENCES "workspace"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "document" ADD CONSTRAINT "document_id_fkey" FOREIGN KEY ("id") REFERENCES "graph_node"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- By hand from here on. -----------------------------------------------------------------------------

CREATE TRIGGER "feed_insert" AFTER INSERT ON "document"
  REFERENCING NEW TABLE AS rows_now FOR EACH STATEMENT EXECUTE FUNCTION "feed_rows"('document');
CREATE TRIGGER "feed_update" AFTER UPDATE ON "document"
  REFERENCING NEW TABLE AS rows_now FOR EACH STATEMENT EXECUTE FUNCTION "feed_rows"('document');
CREATE TRIGGER "feed_delete" AFTER DELETE ON "document"
  REFERENCING OLD TABLE AS rows_now FOR EACH STATEMENT EXECUTE FUNCTION "feed_rows"('document');
CREATE TRIGGER "feed_version" BEFORE UPDATE ON "document" FOR EACH ROW EXECUTE FUNCTION "feed_version"();
CREATE TRIGGER "feed_identity" BEFORE UPDATE OF "id", "workspace_id" ON "document" FOR EACH ROW
  WHEN ((OLD.id, OLD.workspace_id) IS DISTINCT FROM (NEW.id, NEW.workspace_id)) EXECUTE FUNCTION "feed_identity"();
CREATE TRIGGER "feed_no_truncate" BEFORE TRUNCATE ON "document" FOR EACH STATEMENT EXECUTE FUNCTION "feed_no_truncate"();
