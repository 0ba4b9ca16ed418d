import { ActionIcon, CopyButton } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";

import { words } from "../messages";

/** A command a person runs elsewhere, with a button to copy it. */
export function Command({ text }: { text: string }) {
  return (
    <span className="command">
      <code>{text}</code>
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
