/** The text that the start page and the snippets send, until there are others. */

import type { Text } from "./shell";

export const START_TEXT: Text = { from: "+15551230000", to: "+15551230001", body: "Hello from localloop. Your code is 482 915." };
