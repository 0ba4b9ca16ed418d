import type { ReactNode } from "react";

import { words } from "../messages";
import type { Reading } from "./useReading";

interface Props<T> {
  reading: Reading<T>;
  /** What to say where it could not be read. */
  failed: (problem: string) => string;
  children: (body: T) => ReactNode;
}

/** What was read as soon as it is there; what went wrong since then stands above it. */
export function Answered<T>({ reading: { body, problem }, failed, children }: Props<T>) {
  return (
    <>
      {problem !== null && <p className="quiet">{failed(problem)}</p>}
      {body !== null && children(body)}
      {body === null && problem === null && <p className="quiet">{words.reading}</p>}
    </>
  );
}
