import { useEffect, useMemo, useRef } from "react";
import { getTreeExpandedState, Tree, useTree, type RenderTreeNodePayload, type TreeNodeData } from "@mantine/core";
import { IconChevronDown, IconChevronRight } from "@tabler/icons-react";

import type { Status, TreeNode } from "../api/types";
import { durationText, millis } from "../format/time";
import { tree as texts, words } from "../messages";
import { isHalted } from "../model/banner";
import { useSecond } from "../model/second";
import { useModel } from "../model/store";
import { Card, NotReceived } from "./Card";
import { TaskState } from "./TaskState";

function flat(node: TreeNode): TreeNode[] {
  return [node, ...node.children.flatMap(flat)];
}

function dataOf(node: TreeNode): TreeNodeData {
  const children = node.children.map(dataOf);
  return { value: node.path, label: node.name, nodeProps: { node }, ...(children.length > 0 ? { children } : {}) };
}

function hasTrouble(node: TreeNode): boolean {
  return node.state === "failed" || node.state === "backing off" || node.children.some(hasTrouble);
}

export function TaskTree() {
  const root = useModel((model) => model.topics.tree);
  const all = root === undefined ? [] : flat(root);
  const restarts = all.reduce((sum, node) => sum + node.restarts, 0);
  return (
    <Card title={texts.title} meta={root === undefined ? undefined : texts.meta(all.length, restarts)} className="tree">
      {root === undefined ? <NotReceived /> : <Known root={root} />}
    </Card>
  );
}

function Known({ root }: { root: TreeNode }) {
  const data = useMemo(() => [dataOf(root)], [root]);
  const tree = useTree({ initialExpandedState: getTreeExpandedState(data, "*") });
  const known = useRef(new Set<string>());
  // Branches unfold when they are new or have trouble; a person may fold the others.
  useEffect(() => {
    for (const node of flat(root)) {
      if (node.children.length > 0 && (!known.current.has(node.path) || hasTrouble(node))) tree.expand(node.path);
      known.current.add(node.path);
    }
    // eslint-disable-next-line react-hooks/exhaustive-deps -- only when the tree itself changed
  }, [root]);
  return (
    <>
      <div className="tree-head" aria-hidden="true">
        <span>{texts.task}</span>
        <span>{texts.state}</span>
        <span>{texts.beat}</span>
      </div>
      <Tree data={data} tree={tree} levelOffset={16} aria-label={texts.title} renderNode={renderRow} />
    </>
  );
}

function renderRow(payload: RenderTreeNodePayload) {
  return <Row payload={payload} />;
}

function Row({ payload }: { payload: RenderTreeNodePayload }) {
  const { hasChildren, expanded, elementProps } = payload;
  const node = payload.node.nodeProps?.node as TreeNode;
  const Fold = expanded ? IconChevronDown : IconChevronRight;
  const reason = [node.reason, node.restarts > 0 ? texts.restarted(node.restarts) : ""].filter((text) => text !== "");
  return (
    <div {...elementProps} className={`node ${elementProps.className}`} title={reason.join(", ")}>
      <span className="node-name">
        {hasChildren ? <Fold size={12} aria-hidden="true" /> : <span className="node-leaf" />}
        <span>{node.name}</span>
      </span>
      <TaskState node={node} />
      <span className="node-beat">
        <Beat node={node} />
      </span>
    </div>
  );
}

/** The halt that ended a task: it ended when or after trading was halted. */
function haltOf(node: TreeNode, status: Status | undefined): number | null {
  if (status === undefined || !isHalted(status) || (node.state !== "cancelled" && node.state !== "stopped")) return null;
  return BigInt(node.since.ns) >= BigInt(status.since.ns) ? status.halt_id : null;
}

/** The age of the last beat while it runs, otherwise why it does not. */
function Beat({ node }: { node: TreeNode }) {
  const now = useSecond();
  const halt = useModel((model) => haltOf(node, model.topics.status));
  if (halt !== null) return texts.byHalt(halt);
  if (node.state !== "running" && node.state !== "starting" && node.reason !== "") return node.reason;
  if (node.heartbeat === null) return words.none;
  return durationText(now - millis(node.heartbeat));
}
