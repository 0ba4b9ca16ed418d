import { useCallback, useEffect, useState, type FormEvent } from "react";
import { Button, Modal, TextInput } from "@mantine/core";

import { Problem } from "../act/ActDialog";
import { acts } from "../api/act";
import type { Challenge } from "../api/types";
import { durationText, millis } from "../format/time";
import { words } from "../messages";
import { acts as actTexts, risk as texts } from "../messages/acts";
import { serverNow } from "../model/clock";
import { useSecond } from "../model/second";
import { useModel } from "../model/store";
import { lackingOf } from "./lacking";

interface Props {
  scope: string;
  /** The scope in words. */
  name: string;
  onClose: () => void;
}

/** Slow on purpose: the daemon's own words, what forbids it, a phrase to type and a reason. No key resumes. */
export default function ResumeDialog({ scope, name, onClose }: Props) {
  const mode = useModel((model) => model.topics.status?.mode);
  const [challenge, setChallenge] = useState<Challenge | null>(null);
  const [phrase, setPhrase] = useState("");
  const [reason, setReason] = useState("");
  const [problem, setProblem] = useState<string[]>([]);
  const [busy, setBusy] = useState(false);
  const now = useSecond();

  const ask = useCallback(async () => {
    const outcome = await acts.challenge(scope);
    if ("done" in outcome) setChallenge(outcome.done);
    setProblem("done" in outcome ? [] : outcome.problem);
  }, [scope]);
  useEffect(() => {
    const timer = window.setTimeout(() => void ask(), 0);
    return () => window.clearTimeout(timer);
  }, [ask]);

  const expired = challenge !== null && millis(challenge.expires) <= now;
  const lacking = lackingOf(challenge, expired, phrase, reason);

  const resume = async () => {
    if (busy || challenge === null) return;
    const late = lackingOf(challenge, millis(challenge.expires) <= serverNow(), phrase, reason);
    if (late !== null) return setProblem([late]);
    setBusy(true);
    const outcome = await acts.resume(scope, challenge.nonce, phrase, reason.trim());
    setBusy(false);
    if ("done" in outcome) return onClose();
    setProblem([actTexts.refused, ...outcome.problem]);
    // The confirmation is used up, whatever came of it.
    setChallenge({ ...challenge, expires: { ns: "0", iso: "1970-01-01T00:00:00Z" } });
  };
  const onSubmit = (event: FormEvent) => event.preventDefault();
  const title = texts.resumeTitle(mode === undefined ? "" : words.modes[mode], name);
  return (
    <Modal opened onClose={onClose} title={title} size="lg" centered closeButtonProps={{ "aria-label": words.close }} attributes={{ header: { role: "presentation" } }}>
      <form className="act-form" onSubmit={onSubmit}>
        {challenge === null ? (
          <p className="quiet">{problem.length === 0 ? texts.asking : ""}</p>
        ) : (
          <>
            <ul className="challenge">
              {challenge.text.map((line) => (
                <li key={line}>{line}</li>
              ))}
            </ul>
            {challenge.objections.length > 0 && (
              <div className="problem" role="alert">
                <p>{texts.objections}</p>
                {challenge.objections.map((line) => (
                  <p key={line}>{line}</p>
                ))}
              </div>
            )}
            <TextInput
              label={
                <>
                  {texts.typeThis} <code>{challenge.phrase}</code>
                </>
              }
              aria-label={texts.phrase}
              value={phrase}
              autoComplete="off"
              spellCheck={false}
              data-autofocus
              onChange={(event) => {
                setPhrase(event.currentTarget.value);
                setProblem([]);
              }}
            />
            <TextInput
              label={actTexts.reason}
              value={reason}
              maxLength={250}
              onChange={(event) => {
                setReason(event.currentTarget.value);
                setProblem([]);
              }}
            />
            <p className="meta" role="timer">
              {expired ? texts.expired : texts.valid(durationText(millis(challenge.expires) - now))}
            </p>
          </>
        )}
        <Problem lines={busy ? [actTexts.working] : problem} calm={busy} />
        <div className="dialog-actions">
          <Button variant="default" onClick={onClose}>
            {words.cancel}
          </Button>
          {expired && (
            <Button variant="default" onClick={() => void ask()}>
              {texts.renew}
            </Button>
          )}
          {challenge !== null && challenge.objections.length === 0 && (
            <Button onClick={() => void resume()} aria-disabled={lacking !== null || busy || undefined} title={lacking ?? undefined}>
              {texts.resume}
            </Button>
          )}
        </div>
      </form>
    </Modal>
  );
}
