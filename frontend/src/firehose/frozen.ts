/** The frames of the list: those that come, or those that were there when it was paused or pointed at. */
import { useState } from "react";

import { useFirehose, type SeenFrame } from "../model/firehose";

interface Still {
  frames: readonly SeenFrame[];
  received: number;
}

interface FrozenFrames {
  frames: readonly SeenFrame[];
  /** How many came since the list stands still. */
  newer: number;
  paused: boolean;
  toggle: () => void;
  /** Rows do not move while somebody points at them or reads further down. */
  hold: () => void;
  release: () => void;
}

export function useFrozen(): FrozenFrames {
  const { frames, received } = useFirehose();
  const [still, setStill] = useState<Still | null>(null);
  const [paused, setPaused] = useState(false);
  const now = { frames, received };
  const toggle = () => {
    setPaused(!paused);
    setStill(paused ? null : (still ?? now));
  };
  return {
    frames: (still ?? now).frames,
    newer: received - (still ?? now).received,
    paused,
    toggle,
    hold: () => setStill((before) => before ?? now),
    release: () => {
      if (!paused) setStill(null);
    },
  };
}
