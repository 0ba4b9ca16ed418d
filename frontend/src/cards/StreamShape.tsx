import {
  IconAlertTriangleFilled,
  IconCircle,
  IconCircleCheckFilled,
  IconCircleDashed,
  IconCircleXFilled,
  IconSquareFilled,
} from "@tabler/icons-react";

import type { Stream } from "../api/types";

const shapes = {
  fresh: IconCircleCheckFilled,
  quiet: IconCircle,
  stale: IconAlertTriangleFilled,
  gap: IconCircleXFilled,
  unknown: IconCircleDashed,
  ended: IconSquareFilled,
};

/** The shape of a stream's state. */
export function StreamShape({ state }: { state: Stream["state"] }) {
  const Shape = shapes[state];
  return <Shape size={14} aria-hidden="true" />;
}
