import { lazy, Suspense, useState } from "react";
import { Button } from "@mantine/core";

import type { HaltReport } from "../api/types";
import { Command } from "../cards/Command";
import { dashboard } from "../dashboard";
import { amountWithUnit } from "../format/amount";
import { report as texts, reportText, scopeText } from "../messages";
import { banner, type BannerAction } from "../model/banner";
import { useTimes } from "../model/second";
import { useModel } from "../model/store";
import { StateShape } from "./shapes";

// Not needed to see the state or to stop.
const ResumeDialog = lazy(() => import("../risk/ResumeDialog"));

/** Below the top bar, pushes the content down; at most one. */
export function StateBanner({ onLogin }: { onLogin: () => void }) {
  const model = useModel();
  const shown = banner(model, useTimes());
  const [resuming, setResuming] = useState(false);
  if (shown === null) return null;
  const acts: Record<BannerAction, () => void> = {
    "give up": () => dashboard.stop.end(),
    "dismiss stop": () => dashboard.stop.end(),
    "log in": onLogin,
    retry: () => dashboard.retryNow(),
    reload: () => window.location.reload(),
    resume: () => setResuming(true),
  };
  const { action, by } = shown;
  return (
    <section className="banner" data-tone={shown.tone} data-kind={shown.kind} aria-labelledby="banner-heading">
      <div className="banner-row">
        <StateShape state={shown.shape} size={26} />
        <div className="banner-text">
          <h2 id="banner-heading">{shown.heading}</h2>
          {by !== null && (
            <p>
              {by.before}
              <b>{by.name}</b>
              {by.rest}
            </p>
          )}
          {shown.text.map((line) => (
            <p key={line}>{line}</p>
          ))}
          {shown.commands.map((command) => (
            <Command key={command} text={command} />
          ))}
        </div>
        {action !== null && (
          <div className="banner-action">
            {shown.aside !== null && <span>{shown.aside}</span>}
            <Button variant="outline" onClick={acts[action.does]}>
              {action.label}
            </Button>
          </div>
        )}
      </div>
      {shown.report !== null && <Report report={shown.report} />}
      {resuming && (
        <Suspense fallback={null}>
          <ResumeDialog scope="global" name={scopeText("global")} onClose={() => setResuming(false)} />
        </Suspense>
      )}
    </section>
  );
}

function Report({ report }: { report: HaltReport }) {
  const exposure = useModel((model) => model.topics.positions?.exposure);
  const counts: [string, number][] = [
    [texts.cancelled, report.cancelled],
    [texts.inFlight, report.in_flight],
    [texts.unknown, report.unknown],
  ];
  return (
    <>
      <dl className="report" aria-label={texts.label}>
        {report.steps.map((step) => (
          <div key={step.name} title={step.text}>
            <dt>{texts.step(step.name)}</dt>
            <dd>{reportText(report, step)}</dd>
          </div>
        ))}
        {counts.map(([name, count]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{count}</dd>
          </div>
        ))}
        {exposure !== undefined && exposure.length > 0 && (
          <div>
            <dt>{texts.exposure}</dt>
            <dd>{exposure.map((amount) => amountWithUnit(amount)).join(", ")}</dd>
          </div>
        )}
      </dl>
      {report.kept_running.length > 0 && <p className="kept">{texts.kept(report.kept_running)}</p>}
    </>
  );
}
