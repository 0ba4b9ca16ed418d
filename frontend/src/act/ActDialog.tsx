import { useState, type FormEvent, type ReactNode } from "react";
import { Button, Modal, TextInput } from "@mantine/core";

import type { Outcome } from "../api/act";
import { words } from "../messages";
import { acts as texts } from "../messages/acts";

interface Props<T> {
  title: string;
  text: string;
  submit: string;
  /** Whether the button is a red one. */
  grave?: boolean;
  /** Fields besides the reason. */
  fields?: ReactNode;
  /** What is missing in those fields; null if nothing is. */
  missing?: string | null;
  run: (reason: string) => Promise<Outcome<T>>;
  onDone: (done: T) => void;
  onClose: () => void;
}

/** Asks for a reason, does it once, and says what the daemon said. Starts below the top bar: Stop stays usable. */
export function ActDialog<T>({ title, text, submit, grave, fields, missing, run, onDone, onClose }: Props<T>) {
  const [reason, setReason] = useState("");
  const [problem, setProblem] = useState<string[]>([]);
  const [busy, setBusy] = useState(false);
  const lacking = missing ?? (reason.trim() === "" ? texts.needsReason : null);

  const act = async () => {
    if (busy) return;
    if (lacking !== null) return setProblem([lacking]);
    setBusy(true);
    const outcome = await run(reason.trim());
    setBusy(false);
    if ("done" in outcome) onDone(outcome.done);
    else setProblem([texts.refused, ...outcome.problem]);
  };
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    void act();
  };
  return (
    <Modal opened onClose={onClose} title={title} centered closeButtonProps={{ "aria-label": words.close }} attributes={{ header: { role: "presentation" } }}>
      <form className="act-form" onSubmit={onSubmit}>
        <p>{text}</p>
        {fields}
        <TextInput
          label={texts.reason}
          value={reason}
          maxLength={250}
          data-autofocus
          onChange={(event) => {
            setReason(event.currentTarget.value);
            setProblem([]);
          }}
        />
        <Problem lines={busy ? [texts.working] : problem} calm={busy} />
        <div className="dialog-actions">
          <Button variant="default" onClick={onClose}>
            {words.cancel}
          </Button>
          <Button type="submit" className={grave === true ? "stop-now" : undefined} aria-disabled={lacking !== null || busy || undefined}>
            {submit}
          </Button>
        </div>
      </form>
    </Modal>
  );
}

/** What went wrong, said as soon as it is there. */
export function Problem({ lines, calm = false }: { lines: string[]; calm?: boolean }) {
  return (
    <div role={calm ? "status" : "alert"} className={calm ? "meta" : "problem"}>
      {lines.map((line) => (
        <p key={line}>{line}</p>
      ))}
    </div>
  );
}
