import type { ReactNode } from "react";

/** Names and values, side by side where there is room. */
export function Facts({ rows, className = "" }: { rows: [name: string, value: ReactNode][]; className?: string }) {
  return (
    <dl className={`facts ${className}`}>
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
