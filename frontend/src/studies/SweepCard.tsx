import type { Amount, Sweep, SweepRow } from "../api/types";
import { Card } from "../cards/Card";
import { DataTable, type Column } from "../cards/DataTable";
import { Profit } from "../cards/Figures";
import { amountText, countText } from "../format/amount";
import { sweeps as texts } from "../messages/studies";
import { barOf, scaleOf, type Scale } from "./bars";

const KINDS = ["fit", "test"] as const;

/** One sweep: its plot and its table, best of the fitted first. */
export function SweepCard({ sweep }: { sweep: Sweep }) {
  const { rows, summary, symbol } = sweep;
  return (
    <Card title={texts.combinations}>
      <p className="quiet">{summary.fitted}</p>
      <h3 className="card-part">
        {texts.plot}
        {KINDS.map((kind) => (
          <span key={kind} className="sweep-legend" data-kind={kind}>
            <i aria-hidden="true" /> {texts[kind]}
          </span>
        ))}
      </h3>
      <Plot rows={rows} symbol={symbol} />
      <DataTable label={texts.combinations} columns={columnsOf(sweep)} rows={rows} keyOf={nameOf} toneOf={(row) => (row.best ? "good" : undefined)} />
      {sweep.problems.length > 0 && (
        <>
          <h3 className="card-part">{texts.problems}</h3>
          <ul className="problem">
            {sweep.problems.map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ul>
        </>
      )}
    </Card>
  );
}

function columnsOf({ summary, symbol, rows }: Sweep): Column<SweepRow>[] {
  const tested = rows.some(({ test }) => test !== null);
  const settings = summary.axes.map(({ path }): Column<SweepRow> => ({
    head: path.split(".").slice(-2).join("."),
    right: true,
    cell: (row) => row.settings[path] ?? "",
  }));
  const sums = (head: string, of: (row: SweepRow) => SweepRow["fit"] | null): Column<SweepRow>[] => [
    { head: `${head}: ${texts.trades}`, right: true, cell: (row) => countText(of(row)?.trades ?? 0) },
    { head: `${head}: ${texts.reverted}`, right: true, cell: (row) => countText(of(row)?.reverted ?? 0) },
    {
      head: `${head}: ${texts.net(symbol)}`,
      right: true,
      cell: (row) => {
        const one = of(row);
        return one === null ? "" : <Profit amount={one.net} />;
      },
    },
  ];
  return [
    ...settings,
    ...sums(texts.fit, ({ fit }) => fit),
    ...(tested ? sums(texts.test, ({ test }) => test) : []),
    { head: texts.mark, cell: (row) => (row.best ? <b>{texts.best}</b> : row.complete ? "" : texts.incomplete) },
  ];
}

/** A pair of bars for each combination from one common zero. The table below says the same in numbers. */
function Plot({ rows, symbol }: { rows: SweepRow[]; symbol: string }) {
  const scale = scaleOf(rows);
  return (
    <ul className="sweep-plot" aria-label={texts.bars(symbol)}>
      {rows.map((row) => (
        <li key={nameOf(row)} data-best={row.best || undefined}>
          <span className="name">{Object.values(row.settings).join(" · ")}</span>
          <span className="bars">
            <Line amount={row.fit.net} scale={scale} kind="fit" />
            {row.test !== null && <Line amount={row.test.net} scale={scale} kind="test" />}
          </span>
        </li>
      ))}
    </ul>
  );
}

function Line({ amount, scale, kind }: { amount: Amount; scale: Scale; kind: "fit" | "test" }) {
  const bar = barOf(amount, scale);
  return (
    <span className="bar" data-kind={kind}>
      <span className="unseen">{`${texts[kind]} ${amountText(amount)}`}</span>
      <i aria-hidden="true" data-negative={bar.negative || undefined} style={{ marginLeft: bar.left, width: bar.width }} />
    </span>
  );
}

function nameOf(row: SweepRow): string {
  return Object.values(row.settings).join(" ");
}
