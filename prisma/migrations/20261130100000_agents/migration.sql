-- CreateTable
CREATE TABLE "agent" (
    "id" UUID NOT NULL,
    "workspace_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "description" TEXT,
    "metadata" JSONB NOT NULL DEFAULT '{}',
    "configuration_number" INTEGER NOT NULL DEFAULT 1,
    "version" BIGINT NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "agent_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "agent_configuration" (
    "agent_id" UUID NOT NULL,
    "number" INTEGER NOT NULL,
    "settings" JSONB NOT NULL DEFAULT '{}',
    "note" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "agent_configuration_pkey" PRIMARY KEY ("agent_id","number")
);

-- CreateTable
CREATE TABLE "run_agent" (
    "run_id" UUID NOT NULL,
    "agent_id" UUID NOT NULL,
    "role" TEXT NOT NULL,
    "configuration_number" INTEGER NOT NULL,
    "assigned_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "run_agent_pkey" PRIMARY KEY ("run_id","agent_id")
);

-- CreateIndex
CREATE INDEX "agent_workspace_id_created_at_id_idx" ON "agent"("workspace_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "agent_name_idx" ON "agent" USING GIN ("name" gin_trgm_ops);

-- CreateIndex
CREATE INDEX "agent_metadata_idx" ON "agent" USING GIN ("metadata" jsonb_path_ops);

-- CreateIndex
CREATE UNIQUE INDEX "agent_workspace_id_name_key" ON "agent"("workspace_id", "name");

-- CreateIndex
CREATE INDEX "run_agent_agent_id_assigned_at_run_id_idx" ON "run_agent"("agent_id", "assigned_at", "run_id");

-- AddForeignKey
ALTER TABLE "agent" ADD CONSTRAINT "agent_workspace_id_fkey" FOREIGN KEY ("workspace_id") REFERENCES "workspace"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "agent" ADD CONSTRAINT "agent_id_fkey" FOREIGN KEY ("id") REFERENCES "graph_node"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "agent_configuration" ADD CONSTRAINT "agent_configuration_agent_id_fkey" FOREIGN KEY ("agent_id") REFERENCES "agent"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "run_agent" ADD CONSTRAINT "run_agent_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "run"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "run_agent" ADD CONSTRAINT "run_agent_agent_id_fkey" FOREIGN KEY ("agent_id") REFERENCES "agent"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "run_agent" ADD CONSTRAINT "run_agent_agent_id_configuration_number_fkey" FOREIGN KEY ("agent_id", "configuration_number") REFERENCES "agent_configuration"("agent_id", "number") ON DELETE CASCADE ON UPDATE CASCADE;


-- By hand from here on. -----------------------------------------------------------------------------

ALTER TABLE "agent" ADD CONSTRAINT "agent_configuration_number_check" CHECK ("configuration_number" >= 1);
ALTER TABLE "agent_configuration" ADD CONSTRAINT "agent_configuration_number_check" CHECK ("number" >= 1);

CREATE TRIGGER "feed_insert" AFTER INSERT ON "agent"
  REFERENCING NEW TABLE AS rows_now FOR EACH STATEMENT EXECUTE FUNCTION "feed_rows"('agent');
CREATE TRIGGER "feed_update" AFTER UPDATE ON "agent"
  REFERENCING NEW TABLE AS rows_now FOR EACH STATEMENT EXECUTE FUNCTION "feed_rows"('agent');
CREATE TRIGGER "feed_delete" AFTER DELETE ON "agent"
  REFERENCING OLD TABLE AS rows_now FOR EACH STATEMENT EXECUTE FUNCTION "feed_rows"('agent');
CREATE TRIGGER "feed_version" BEFORE UPDATE ON "agent" FOR EACH ROW EXECUTE FUNCTION "feed_version"();
CREATE TRIGGER "feed_identity" BEFORE UPDATE OF "id", "workspace_id" ON "agent" FOR EACH ROW
  WHEN ((OLD.id, OLD.workspace_id) IS DISTINCT FROM (NEW.id, NEW.workspace_id)) EXECUTE FUNCTION "feed_identity"();
CREATE TRIGGER "feed_no_truncate" BEFORE TRUNCATE ON "agent" FOR EACH STATEMENT EXECUTE FUNCTION "feed_no_truncate"();

-- Runs go by the number of a configuration: what it says must stay.
CREATE FUNCTION "agent_configuration_stays"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a configuration never changes: make another';
END $$;
CREATE TRIGGER "stays" BEFORE UPDATE ON "agent_configuration" FOR EACH ROW EXECUTE FUNCTION "agent_configuration_stays"();
