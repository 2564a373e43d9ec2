-- By hand, all of it: Prisma neither reads nor migrates these tables (prisma.config.ts).

-- Vectors of documents and of artifacts, made outside of who writes those: resolvers/knowledge/embedding-worker.ts. Of
-- pgvector's type where the server has it and lets us; else of numbers, through which all must be looked.
DO $$
DECLARE
  vectors text := 'real[]';
  followed text;
BEGIN
  IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'vector') THEN
    BEGIN
      CREATE EXTENSION IF NOT EXISTS vector;
      vectors := 'vector';
    EXCEPTION WHEN insufficient_privilege THEN
      RAISE NOTICE 'pgvector is there, and we may not use it';
    END;
  END IF;
  FOREACH followed IN ARRAY ARRAY['document', 'artifact'] LOOP
    EXECUTE format('CREATE TABLE %I (
      "id" UUID PRIMARY KEY REFERENCES %I ("id") ON DELETE CASCADE,
      "workspace_id" UUID NOT NULL,
      "model" TEXT NOT NULL,          -- with the dimension: the space in which it means something
      "dimension" INTEGER NOT NULL,
      "content_hash" TEXT NOT NULL,   -- of what it was made of
      "vector" %s NOT NULL,           -- its length is 1
      "embedded_at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp())', followed || '_embedding', followed, vectors);
    EXECUTE format('CREATE INDEX ON %I ("workspace_id", "id")', followed || '_embedding');
  END LOOP;
END $$;

-- One row: how far the embedding is, and which gateway does it.
CREATE TABLE "embedding_state" (
    "id" SMALLINT PRIMARY KEY DEFAULT 1 CHECK ("id" = 1),
    "holder" UUID NOT NULL,
    "held_until" TIMESTAMPTZ(3) NOT NULL,
    "model" TEXT,                    -- those of the vectors that were made; null before the first
    "dimension" INTEGER,
    "position" TEXT,                 -- of the change feed: what was changed before it has its vector
    "sweep" TEXT,                    -- of what was there before the position: document or artifact; null once through
    "swept_id" UUID                  -- up to this one
);

-- Names of entities, as people search them.
CREATE INDEX "graph_node_words_idx" ON "graph_node"
  USING GIN (to_tsvector('simple', regexp_replace("name", '[^a-zA-Z0-9\u0080-\U0010FFFF]+', ' ', 'g')));
