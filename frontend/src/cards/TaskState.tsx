import {
  IconAlertTriangleFilled,
  IconCircleCheckFilled,
  IconCircleDashed,
  IconPlayerStopFilled,
  IconRefresh,
  IconSquareRoundedXFilled,
} from "@tabler/icons-react";

import type { TreeNode } from "../api/types";
import { words } from "../messages";
import { isUnknown } from "../model/banner";
import { useModel } from "../model/store";

const shapes = {
  starting: IconCircleDashed,
  running: IconCircleCheckFilled,
  "backing off": IconRefresh,
  stopped: IconPlayerStopFilled,
  cancelled: IconSquareRoundedXFilled,
  failed: IconAlertTriangleFilled,
};

/** A task's state, unknown while the daemon is not heard. */
export function TaskState({ node }: { node: TreeNode }) {
  const unknown = useModel(isUnknown);
  const Shape = unknown ? IconCircleDashed : shapes[node.state];
  return (
    <span className="node-state" data-state={unknown ? "unknown" : node.state}>
      <Shape size={13} aria-hidden="true" />
      {unknown ? words.streamStates.unknown : node.state}
    </span>
  );
}
