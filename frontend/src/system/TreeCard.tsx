import { useEffect, useMemo, useRef, type FocusEvent } from "react";
import { getTreeExpandedState, Tree, useTree, type RenderTreeNodePayload, type TreeNodeData } from "@mantine/core";
import { IconChevronDown, IconChevronRight } from "@tabler/icons-react";

import type { TreeNode } from "../api/types";
import { Card, NotReceived } from "../cards/Card";
import { TaskState } from "../cards/TaskState";
import { durationText, millis } from "../format/time";
import { tree as shared, words } from "../messages";
import { system as texts } from "../messages/acts";
import { useSecond } from "../model/second";
import { Stacks } from "./Stacks";

interface Props {
  root: TreeNode | undefined;
  onChoose: (path: string) => void;
}

export function TreeCard({ root, onChoose }: Props) {
  return (
    <Card title={texts.tree} head={<Stacks />} className="tree-card">
      {root === undefined ? <NotReceived /> : <Known root={root} onChoose={onChoose} />}
    </Card>
  );
}

function dataOf(node: TreeNode): TreeNodeData {
  const children = node.children.map(dataOf);
  return { value: node.path, label: node.name, nodeProps: { node }, ...(children.length > 0 ? { children } : {}) };
}

function groups(node: TreeNode): string[] {
  return node.children.length === 0 ? [] : [node.path, ...node.children.flatMap(groups)];
}

function Known({ root, onChoose }: Props & { root: TreeNode }) {
  const data = useMemo(() => [dataOf(root)], [root]);
  const tree = useTree({ initialExpandedState: getTreeExpandedState(data, "*") });
  const known = useRef(new Set<string>());
  // Branches unfold when they are new; a person may fold them.
  useEffect(() => {
    for (const path of groups(root)) {
      if (!known.current.has(path)) tree.expand(path);
      known.current.add(path);
    }
    // eslint-disable-next-line react-hooks/exhaustive-deps -- only when the tree itself changed
  }, [root]);
  // What has the focus is what is chosen: arrow keys are enough.
  const onFocus = (event: FocusEvent) => {
    const path = event.target.closest("[data-value]")?.getAttribute("data-value");
    if (!path) return;
    tree.select(path);
    onChoose(path);
  };
  return (
    <div className="task-rows" onFocus={onFocus}>
      <div className="task-head" aria-hidden="true">
        <span>{shared.task}</span>
        <span>{texts.state}</span>
        <span>{texts.since}</span>
        <span>{texts.beat}</span>
        <span>{texts.restarts}</span>
        <span>{texts.reason}</span>
      </div>
      <Tree data={data} tree={tree} levelOffset={16} aria-label={texts.tree} renderNode={renderRow} />
    </div>
  );
}

function renderRow(payload: RenderTreeNodePayload) {
  return <Row payload={payload} />;
}

function Row({ payload }: { payload: RenderTreeNodePayload }) {
  const { hasChildren, expanded, selected, elementProps } = payload;
  const node = payload.node.nodeProps?.node as TreeNode;
  const now = useSecond();
  const Fold = expanded ? IconChevronDown : IconChevronRight;
  return (
    <div {...elementProps} className={`task-row ${elementProps.className}`} data-chosen={selected || undefined}>
      <span className="node-name">
        {hasChildren ? <Fold size={12} aria-hidden="true" /> : <span className="node-leaf" />}
        <span>{node.name}</span>
      </span>
      <TaskState node={node} />
      <span>{durationText(now - millis(node.since))}</span>
      <span>{node.heartbeat === null ? words.none : durationText(now - millis(node.heartbeat))}</span>
      <span>{node.restarts}</span>
      <span title={node.reason}>{node.reason}</span>
    </div>
  );
}
