/** The present, moving once a minute: enough for "Today" and "Yesterday" to stay true. */

let present = $state.raw(new Date());
setInterval(() => (present = new Date()), 60_000);

export const now = {
  get at(): Date {
    return present;
  },
};
