import "../styles/pages.css";

import { useState } from "react";

import type { TreeNode } from "../api/types";
import { pages } from "../messages";
import { isUnknown } from "../model/banner";
import { useModel } from "../model/store";
import { TaskCard } from "./TaskCard";
import { TreeCard } from "./TreeCard";

/** The live tree, and an operator's hand on it. */
export default function System() {
  const root = useModel((model) => model.topics.tree);
  const unknown = useModel(isUnknown);
  const [path, setPath] = useState<string | null>(null);
  const chosen = root === undefined || path === null ? null : find(root, path);
  return (
    <>
      <h1 className="page-title">{pages.system}</h1>
      <div className="stack system" data-unknown={unknown || undefined}>
        <TreeCard root={root} onChoose={setPath} />
        <TaskCard key={path} node={chosen} />
      </div>
    </>
  );
}

function find(node: TreeNode, path: string): TreeNode | null {
  if (node.path === path) return node;
  for (const child of node.children) {
    const found = find(child, path);
    if (found !== null) return found;
  }
  return null;
}
