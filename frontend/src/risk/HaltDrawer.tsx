import type { ReactNode } from "react";
import { Drawer } from "@mantine/core";

import { Problem } from "../act/ActDialog";
import type { HaltReport, HaltSummary } from "../api/types";
import { Missing } from "../cards/Card";
import { DataTable, type Column } from "../cards/DataTable";
import { Facts } from "../cards/Facts";
import { Moment } from "../cards/Moment";
import { useReading } from "../cards/useReading";
import { dateAndTime, millis } from "../format/time";
import { report as words_of, words } from "../messages";
import { risk as texts } from "../messages/acts";
import { scopeWords } from "./words";

const REFRESH_MS = 1000;

/** The kill report: read when opened, and again each second until it is complete and its flatten is over. */
export function HaltDrawer({ summary, onClose }: { summary: HaltSummary | null; onClose: () => void }) {
  const id = summary?.halt_id ?? null;
  const isOver = (report: HaltReport) => report.complete && summary?.ended !== null;
  const { body: shown, problem } = useReading(id === null ? null : `/halts/${id}`, REFRESH_MS, isOver);
  return (
    <Drawer
      opened={summary !== null}
      onClose={onClose}
      position="right"
      size="lg"
      title={id === null ? "" : texts.report(id)}
      closeButtonProps={{ "aria-label": words.close }}
      attributes={{ header: { role: "presentation" } }}
    >
      {problem !== null && <Problem lines={[problem]} />}
      {shown === null && problem === null && <p className="quiet">{texts.loading}</p>}
      {shown !== null && <Report report={shown} inForce={summary?.ended === null} />}
    </Drawer>
  );
}

function Report({ report, inForce }: { report: HaltReport; inForce: boolean }) {
  const { market_time: market, flatten } = report;
  return (
    <div className="halt-report">
      <Facts
        rows={[
          [texts.scope, scopeWords(report.scope)],
          [texts.level, texts.words[report.level]],
          [texts.by, texts.via(report.actor, report.via)],
          [texts.at, <Moment key="at" instant={report.at} />],
          [texts.marketTime, market === null ? <Missing cause={words.notReceived} /> : dateAndTime(millis(market))],
          [texts.reason, report.reason],
          [texts.epoch, `${report.epoch}`],
          [texts.cancelled, `${report.cancelled}`],
          [texts.inFlight, `${report.in_flight}`],
          [texts.unknown, `${report.unknown}`],
        ]}
      />
      <Part title={texts.steps}>
        <DataTable label={texts.steps} columns={steps(report)} rows={report.steps} keyOf={({ name }) => name} />
      </Part>
      <Part title={texts.venues}>
        {report.venues.length === 0 ? (
          <p className="quiet">{texts.noVenues}</p>
        ) : (
          <DataTable label={texts.venues} columns={venues} rows={report.venues} keyOf={({ name }) => name} />
        )}
      </Part>
      {report.unknown_orders.length > 0 && (
        <Part title={texts.unknownOrders}>
          {report.unknown_orders.map((order) => (
            <p key={order} className="mono problem">
              {order}
            </p>
          ))}
        </Part>
      )}
      <Part title={texts.kept}>
        <p>{report.kept_running.join(", ")}</p>
      </Part>
      <Part title={texts.flatten}>
        {flatten === null ? (
          <p className="quiet">{inForce ? texts.flattenNever : texts.flattenOver}</p>
        ) : (
          <>
            <p>
              <b>{texts.flattened[flatten.stage]}</b>, {texts.via(flatten.actor, flatten.via)}, <Moment instant={flatten.at} />
            </p>
            <p>{texts.flattenText(flatten.closed, flatten.unknown, flatten.text)}</p>
          </>
        )}
      </Part>
    </div>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section>
      <h3>{title}</h3>
      {children}
    </section>
  );
}

function steps(report: HaltReport): Column<HaltReport["steps"][number]>[] {
  return [
    { head: texts.step, cell: (step) => words_of.step(step.name) },
    { head: texts.ms, right: true, cell: (step) => (step.done ? step.ms : report.complete ? words.none : texts.underWay) },
    { head: texts.text, wraps: true, cell: (step) => step.text },
  ];
}

const venues: Column<HaltReport["venues"][number]>[] = [
  { head: texts.venue, cell: (one) => one.name },
  { head: texts.cancelled, right: true, cell: (one) => one.cancelled },
  { head: texts.endedOtherwise, right: true, cell: (one) => one.ended },
  { head: texts.inFlight, right: true, cell: (one) => one.in_flight },
  { head: texts.unknown, right: true, cell: (one) => one.unknown },
  { head: texts.text, wraps: true, cell: (one) => one.text },
];
