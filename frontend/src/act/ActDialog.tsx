import { useState, type FormEvent, type ReactNode } from "react";
import { Button, Modal, TextInput } from "@mantine/core";

import type { Outcome } from "../api/act";
import { words } from "../messages";
import { acts as texts } from "../messages/acts";

interface ConfirmProps<T> {
  title: string;
  text: string;
  submit: string;
  /** What leaves everything as it is. */
  cancel?: string;
  /** Whether the button is a red one. */
  grave?: boolean;
  /** What is between the text and the buttons. */
  fields?: ReactNode;
  /** What is missing in those fields; null if nothing is. */
  missing?: string | null;
  run: () => Promise<Outcome<T>>;
  onDone: (done: T) => void;
  onClose: () => void;
}

/** Says what will happen, does it once, and says what the daemon said. Starts below the top bar: Stop stays usable. */
export function ConfirmDialog<T>({ title, text, submit, cancel, grave, fields, missing = null, run, onDone, onClose }: ConfirmProps<T>) {
  const [problem, setProblem] = useState<string[]>([]);
  const [busy, setBusy] = useState(false);

  const act = async () => {
    if (busy) return;
    if (missing !== null) return setProblem([missing]);
    setBusy(true);
    const outcome = await run();
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
      <form className="act-form" onSubmit={onSubmit} onChange={() => setProblem([])}>
        <p>{text}</p>
        {fields}
        <Problem lines={busy ? [texts.working] : problem} calm={busy} />
        <div className="dialog-actions">
          <Button variant="default" onClick={onClose}>
            {cancel ?? words.cancel}
          </Button>
          <Button type="submit" className={grave === true ? "stop-now" : undefined} aria-disabled={missing !== null || busy || undefined}>
            {submit}
          </Button>
        </div>
      </form>
    </Modal>
  );
}

type ActProps<T> = Omit<ConfirmProps<T>, "run"> & { run: (reason: string) => Promise<Outcome<T>> };

/** The same with a reason, which is asked for after the other fields. */
export function ActDialog<T>({ fields, missing = null, run, ...others }: ActProps<T>) {
  const [reason, setReason] = useState("");
  return (
    <ConfirmDialog
      {...others}
      missing={missing ?? (reason.trim() === "" ? texts.needsReason : null)}
      run={() => run(reason.trim())}
      fields={
        <>
          {fields}
          <TextInput
            label={texts.reason}
            value={reason}
            maxLength={250}
            data-autofocus
            onChange={(event) => setReason(event.currentTarget.value)}
          />
        </>
      }
    />
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
