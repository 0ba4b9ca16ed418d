import "../styles/pages.css";
import "../styles/studies.css";

import { useState } from "react";
import { Link } from "wouter";

import type { CandidateView, Opportunities, Opportunity, WhyNot } from "../api/types";
import { Answered } from "../cards/Answered";
import { Card, NotReceived } from "../cards/Card";
import { Guard } from "../cards/Guard";
import { DetailsDrawer } from "../cards/OpportunityDrawer";
import { useReading } from "../cards/useReading";
import { useTopic } from "../cards/useTopic";
import { countText } from "../format/amount";
import { studies as texts, sweeps } from "../messages/studies";
import { isUnknown } from "../model/banner";
import { useModel } from "../model/store";
import { AnalyticsCard } from "./AnalyticsCard";
import { CandidateDrawer } from "./CandidateDrawer";
import { CandidateTable } from "./CandidateTable";
import { SignalTable } from "./SignalTable";
import { StageFilter } from "./StageFilter";
import { isEmpty, isSolver, pathOf, type Choice } from "./stages";

const REFRESH_MS = 5000;

/** Every gap that was looked at: by the stage at which it ended, with its numbers; and what became of those signalled. */
export default function OpportunitiesPage() {
  const why = useTopic("why_not");
  const unknown = useModel(isUnknown);
  return (
    <>
      <h1 className="page-title">
        {texts.title}{" "}
        <Link className="meta" href="/sweeps">
          {sweeps.title}
        </Link>
      </h1>
      <div className="stack" data-unknown={unknown || undefined}>
        <Guard area="why not">
          <Card title={texts.list}>{why === undefined ? <NotReceived /> : <Known why={why} />}</Card>
        </Guard>
        <Guard area="analytics">
          <AnalyticsCard />
        </Guard>
      </div>
    </>
  );
}

function Known({ why }: { why: WhyNot }) {
  const [choice, setChoice] = useState<Choice>("all");
  const [cursor, setCursor] = useState<string | null>(null);
  const choose = (next: Choice) => {
    setChoice(next);
    setCursor(null);
  };
  return (
    <>
      <StageFilter chosen={choice} counts={why.stages} onChoose={choose} />
      <p className="quiet">{texts.meanings[choice]}</p>
      {!why.kept_here && isSolver(choice) && <p className="quiet">{texts.elsewhere}</p>}
      {choice === "all" ? <Candidates rows={why.candidates} /> : <Page key={choice} choice={choice} cursor={cursor} onCursor={setCursor} />}
      {why.forgotten > 0 && isSolver(choice) && <p className="quiet">{texts.forgotten(countText(why.forgotten))}</p>}
    </>
  );
}

interface PageProps {
  choice: Choice;
  cursor: string | null;
  onCursor: (cursor: string | null) => void;
}

function Page({ choice, cursor, onCursor }: PageProps) {
  // An older page stands still; the newest is read again by itself.
  const reading = useReading<Opportunities>(pathOf(choice, cursor), cursor === null ? REFRESH_MS : undefined);
  const next = reading.body?.next_cursor ?? null;
  return (
    <>
      <Answered reading={reading} failed={texts.failed}>
        {(body) =>
          isEmpty(body) ? (
            <p className="quiet">{texts.none}</p>
          ) : isSolver(choice) ? (
            <Candidates rows={body.candidates} />
          ) : (
            <Signals rows={body.opportunities} />
          )
        }
      </Answered>
      <div className="row-buttons">
        {cursor !== null && (
          <button type="button" className="small-button" onClick={() => onCursor(null)}>
            {texts.newest}
          </button>
        )}
        {next !== null && (
          <button type="button" className="small-button" onClick={() => onCursor(next)}>
            {texts.more}
          </button>
        )}
      </div>
    </>
  );
}

function Candidates({ rows }: { rows: CandidateView[] }) {
  const [open, setOpen] = useState<CandidateView | null>(null);
  if (rows.length === 0) return <p className="quiet">{texts.none}</p>;
  return (
    <>
      <CandidateTable rows={rows} onOpen={setOpen} />
      <CandidateDrawer row={open} onClose={() => setOpen(null)} />
    </>
  );
}

function Signals({ rows }: { rows: Opportunity[] }) {
  const [open, setOpen] = useState<Opportunity | null>(null);
  return (
    <>
      <SignalTable rows={rows} onOpen={setOpen} />
      <DetailsDrawer id={open?.id ?? null} row={open ?? undefined} onClose={() => setOpen(null)} />
    </>
  );
}
