/** The present of a world, moving once a second from a moment that the server told: how long somebody waits by now. */

export class WorldNow {
  #told = $state(0);
  #since = $state(0);
  #present = $state(performance.now());

  tell(at: string): void {
    this.#told = Date.parse(at);
    this.#since = this.#present = performance.now();
  }

  /** Seconds since this moment of the world. */
  since(at: string): number {
    return (this.#told + this.#present - this.#since - Date.parse(at)) / 1000;
  }

  /** Fit for `$effect`. */
  tick(): () => void {
    const timer = setInterval(() => (this.#present = performance.now()), 1000);
    return () => clearInterval(timer);
  }
}
