/** How many requests may be served at a time: reads and writes apart; streams are not counted. As in kube-apiserver. */
import { tooManyRequests } from '@flotilla/api';

export interface InFlightLimits {
  readonly maxRequestsInFlight: number;
  readonly maxMutatingRequestsInFlight: number;
}

export interface InFlight {
  /** @returns what to call when the request is done. @throws ApiError TooManyRequests. */
  enter(request: { readonly isMutating: boolean }): () => void;
  readonly reading: number;
  readonly mutating: number;
}

export function createInFlight(limits: InFlightLimits): InFlight {
  let reading = 0;
  let mutating = 0;
  return {
    enter({ isMutating }) {
      const present = isMutating ? mutating : reading;
      const max = isMutating ? limits.maxMutatingRequestsInFlight : limits.maxRequestsInFlight;
      if (present >= max) throw tooManyRequests('Too many requests, please try again later.', 1);
      if (isMutating) mutating++;
      else reading++;
      let isInside = true;
      return () => {
        if (!isInside) return;
        isInside = false;
        if (isMutating) mutating--;
        else reading--;
      };
    },
    get reading() {
      return reading;
    },
    get mutating() {
      return mutating;
    },
  };
}
