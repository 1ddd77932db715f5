package broker

import "errors"

// Errors of the package. The ones returned wrap these with the details, so
// compare with errors.Is.
var (
	// ErrConfig says that a Config cannot be used.
	ErrConfig = errors.New("broker: invalid configuration")

	// ErrUnknownApp says that no application has this id.
	ErrUnknownApp = errors.New("broker: unknown app")

	// ErrEvent says that an event cannot be published as it is.
	ErrEvent = errors.New("broker: invalid event")

	// ErrTooLarge says that an event has more data than its application allows;
	// see App.MaxEventData.
	ErrTooLarge = errors.New("broker: event data too large")

	// ErrWebhookQueue says that Config.WebhookQueue cannot be opened.
	ErrWebhookQueue = errors.New("broker: webhooks")

	// ErrClosed says that Shutdown was called.
	ErrClosed = errors.New("broker: shut down")
)
