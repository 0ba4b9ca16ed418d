import { useState } from "react";
import { Button, Textarea } from "@mantine/core";

import { Card } from "../cards/Card";
import { firehose as texts } from "../messages";
import { readPasted } from "./pasted";

/** Decodes without the daemon. */
export function PasteCard({ onDecode }: { onDecode: (data: Uint8Array) => void }) {
  const [text, setText] = useState("");
  const { data, problem } = readPasted(text);
  const change = (changed: string) => {
    setText(changed);
    const found = readPasted(changed).data;
    if (found !== null) onDecode(found);
  };
  return (
    <Card title={texts.paste} className="paste">
      <Textarea
        label={texts.pasteLabel}
        value={text}
        onChange={(event) => change(event.currentTarget.value)}
        error={problem}
        rows={4}
        spellCheck={false}
        autoCapitalize="off"
        autoComplete="off"
        classNames={{ input: "paste-input" }}
      />
      <div className="paste-actions">
        <Button variant="default" onClick={() => setText("")}>
          {texts.clear}
        </Button>
        <Button aria-disabled={data === null || undefined} onClick={() => data !== null && onDecode(data)}>
          {texts.decode}
        </Button>
      </div>
    </Card>
  );
}
