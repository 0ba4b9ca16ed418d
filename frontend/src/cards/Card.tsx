import { useId, type ReactNode } from "react";

import { words } from "../messages";

interface Props {
  title: string;
  /** Grey words beside the title. */
  meta?: ReactNode;
  /** What stands in the rest of the head's row. */
  head?: ReactNode;
  className?: string;
  children: ReactNode;
}

export function Card({ title, meta, head, className, children }: Props) {
  const id = useId();
  return (
    <section className={`card ${className ?? ""}`} aria-labelledby={id}>
      <div className="head">
        <h2 id={id}>{title}</h2>
        {meta !== undefined && <span className="meta">{meta}</span>}
        {head}
      </div>
      {children}
    </section>
  );
}

/** What stands where a value is not known: a dash, with the cause on hover and for readers. */
export function Missing({ cause }: { cause: string }) {
  return (
    <span className="missing" title={cause}>
      <span aria-hidden="true">{words.none}</span>
      <span className="unseen">{cause}</span>
    </span>
  );
}

export function NotReceived() {
  return (
    <p className="quiet">
      <Missing cause={words.notReceived} /> <span aria-hidden="true">{words.notReceived}</span>
    </p>
  );
}
