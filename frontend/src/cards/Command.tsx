import { ActionIcon, CopyButton } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";

import { words } from "../messages";

/** What a person uses elsewhere, such as a command, with a button to copy it; `short` is shown where all of it has no room. */
export function Command({ text, short }: { text: string; short?: string }) {
  return (
    <span className="command">
      <code title={short === undefined ? undefined : text}>{short ?? text}</code>
      <CopyButton value={text} timeout={2000}>
        {({ copied, copy }) => (
          <ActionIcon
            variant="transparent"
            className="copy"
            onClick={copy}
            aria-label={copied ? words.copied : `${words.copy}: ${text}`}
            title={copied ? words.copied : words.copy}
          >
            {copied ? <IconCheck size={15} aria-hidden="true" /> : <IconCopy size={15} aria-hidden="true" />}
          </ActionIcon>
        )}
      </CopyButton>
    </span>
  );
}
