package thimble

import "context"

// KeepConnection has the requests under ctx made the way a client's worker
// makes them, until done is called.
func KeepConnection(ctx context.Context) (_ context.Context, done func()) {
	k := new(kept)
	return k.attach(ctx), k.close
}

// MaxWorkers is how many authorizations run at the same time.
const MaxWorkers = maxWorkers
