import { useEffect, useRef } from "react";
import { useComputedColorScheme } from "@mantine/core";
import uPlot from "uplot";

import { readTokens, type Tokens } from "./tokens";

interface Props {
  /** Made anew when the theme changes; must be stable otherwise. What changes goes through `data` and refs. */
  options: (tokens: Tokens) => Omit<uPlot.Options, "width" | "height">;
  data: uPlot.AlignedData;
  height: number;
  onReady?: (plot: uPlot | null) => void;
}

/** Owns one uPlot instance: its size, its data and its colours. */
export function Chart({ options, data, height, onReady }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const newest = useRef(data);
  const scheme = useComputedColorScheme();

  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const size = { width: Math.max(40, element.clientWidth), height };
    const made = new uPlot({ ...options(readTokens()), ...size }, newest.current, element);
    plot.current = made;
    onReady?.(made);
    const observer = new ResizeObserver(() => {
      const width = element.clientWidth;
      if (width > 0 && width !== made.width) made.setSize({ width, height });
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      onReady?.(null);
      plot.current = null;
      made.destroy();
    };
  }, [options, height, scheme, onReady]);

  useEffect(() => {
    newest.current = data;
    plot.current?.setData(data);
  }, [data]);

  return <div ref={place} className="plot" style={{ height }} aria-hidden="true" />;
}
