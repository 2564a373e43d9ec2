-- CreateIndex
CREATE INDEX "graph_node_workspace_id_created_at_id_idx" ON "graph_node"("workspace_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "graph_node_workspace_id_kind_created_at_id_idx" ON "graph_node"("workspace_id", "kind", "created_at", "id");

-- CreateIndex
CREATE INDEX "graph_node_workspace_id_name_id_idx" ON "graph_node"("workspace_id", "name", "id");

-- CreateIndex
CREATE INDEX "graph_node_properties_idx" ON "graph_node" USING GIN ("properties" jsonb_path_ops);

-- CreateIndex
CREATE INDEX "graph_relation_workspace_id_created_at_id_idx" ON "graph_relation"("workspace_id", "created_at", "id");
