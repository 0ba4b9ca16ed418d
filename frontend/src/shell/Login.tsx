import { useState, type FormEvent } from "react";
import { Button, Modal, TextInput } from "@mantine/core";

import { tryCode } from "../api/http";
import { Command } from "../cards/Command";
import { dashboard } from "../dashboard";
import { login as texts, words } from "../messages";
import { useModel } from "../model/store";

/** Without a session there is nothing else to show. */
export function LoginPage() {
  const problem = useModel((model) => model.loginProblem);
  return (
    <main className="login">
      <section className="card">
        <h1>{texts.title}</h1>
        <CodeForm onDone={() => dashboard.loggedIn()} initialProblem={problem} />
      </section>
    </main>
  );
}

export function LoginDialog({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const done = () => {
    onClose();
    dashboard.loggedIn();
  };
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={texts.dialogTitle}
      centered
      closeButtonProps={{ "aria-label": words.close }}
      attributes={{ header: { role: "presentation" } }}
    >
      <CodeForm onDone={done} initialProblem={null} />
    </Modal>
  );
}

function CodeForm({ onDone, initialProblem }: { onDone: () => void; initialProblem: string | null }) {
  const [code, setCode] = useState("");
  const [problem, setProblem] = useState(initialProblem);
  const [busy, setBusy] = useState(false);

  const submit = async () => {
    setBusy(true);
    const found = code.trim() === "" ? texts.empty : await tryCode(code.trim());
    setProblem(found);
    setBusy(false);
    if (found === null) onDone();
  };
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    if (!busy) void submit();
  };
  return (
    <form className="code-form" onSubmit={onSubmit}>
      <p>{texts.text}</p>
      <TextInput
        label={texts.label}
        value={code}
        onChange={(event) => setCode(event.currentTarget.value)}
        error={problem}
        autoComplete="one-time-code"
        autoCapitalize="off"
        spellCheck={false}
        data-autofocus
        classNames={{ input: "code-input" }}
      />
      <Button type="submit" aria-disabled={busy || undefined}>
        {busy ? texts.checking : texts.submit}
      </Button>
      <p className="meta">{texts.fresh}</p>
      <Command text={texts.freshCommand} />
    </form>
  );
}
