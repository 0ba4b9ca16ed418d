import {
  IconAlertTriangle,
  IconCircleCheckFilled,
  IconCircleDashed,
  IconInfoCircle,
  IconLoader,
} from "@tabler/icons-react";

import type { StateFamily } from "../model/banner";

interface Props {
  size: number;
}

/** A filled octagon with a square: the stop sign of the whole page. Tabler has no such shape. */
export function StopShape({ size }: Props) {
  return (
    <svg className="stop-shape" width={size} height={size} viewBox="0 0 16 16" aria-hidden="true">
      <path d="M5.3 1.8h5.4l3.5 3.5v5.4l-3.5 3.5H5.3l-3.5-3.5V5.3z" fill="currentColor" />
      <rect className="hole" x="5.5" y="5.5" width="5" height="5" />
    </svg>
  );
}

/** One shape per state. */
export function StateShape({ state, size }: Props & { state: StateFamily | "note" }) {
  switch (state) {
    case "active":
      return <IconCircleCheckFilled size={size} aria-hidden="true" />;
    case "halted":
      return <StopShape size={size} />;
    case "starting":
      return <IconCircleDashed size={size} aria-hidden="true" />;
    case "stopping":
      return <IconLoader size={size} aria-hidden="true" />;
    case "note":
      return <IconInfoCircle size={size} aria-hidden="true" />;
    case "unknown":
      return <IconAlertTriangle size={size} aria-hidden="true" />;
  }
}

