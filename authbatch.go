package thimble

import (
	"context"
	"errors"
	"sync/atomic"
)

// BatchAuthorizer is an Authorizer that can be asked for several channels at
// once, which spares requests when many wait: after a reconnection, say.
type BatchAuthorizer interface {
	Authorizer

	// MaxBatch is how many channels one call may be about. New asks once. Zero
	// or less: each channel is asked for alone, through Authorize.
	MaxBatch() int

	// AuthorizeBatch gets tokens for 1 to MaxBatch channels, for the connection
	// with that socket id, and returns one result for each channel, in the same
	// order. An error is all channels' failure. What is said of Authorize holds
	// for it too; ctx ends when nobody waits for any of them.
	AuthorizeBatch(ctx context.Context, socketID string, channels []string) ([]AuthResult, error)
}

// AuthResult is an Authorizer's answer about one channel of several.
type AuthResult struct {
	Token Token
	Err   error // as Authorize returns it; nil: Token is valid
}

var errBatchResults = errors.New("thimble: AuthorizeBatch has to return one result for each channel")

func batchSize(a Authorizer) int {
	if b, ok := a.(BatchAuthorizer); ok {
		return max(b.MaxBatch(), 0)
	}
	return 0
}

// askBatch calls the BatchAuthorizer, within its time.
func (c *Client) askBatch(k *kept, jobs []job) []AuthResult {
	ctx, cancel := timedScope(context.Background(), c.cfg.AuthTimeout)
	defer cancel()
	var waiting atomic.Int32
	waiting.Store(int32(len(jobs)))
	channels := make([]string, len(jobs))
	for i, j := range jobs {
		channels[i] = j.req.Channel
		stop := afterScope(j.ctx, func() {
			if waiting.Add(-1) == 0 {
				cancel() // nobody waits for any of them
			}
		})
		defer stop()
	}
	given, err := c.callBatch(k.attach(ctx), jobs[0].req.SocketID, channels)
	if err == nil && len(given) != len(jobs) {
		err = &AuthError{Permanent: true, Err: errBatchResults}
	}
	results := make([]AuthResult, len(jobs))
	for i := range results {
		result := AuthResult{Err: err}
		if err == nil {
			result = given[i]
		}
		results[i].Token, results[i].Err = checked(ctx, result.Token, result.Err)
	}
	return results
}

func (c *Client) callBatch(ctx context.Context, socketID string, channels []string) (results []AuthResult, err error) {
	defer recovered(&err)
	return c.cfg.Authorizer.(BatchAuthorizer).AuthorizeBatch(ctx, socketID, channels)
}
