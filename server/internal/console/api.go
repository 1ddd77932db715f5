package console

import (
	"net/http"
	"strings"
)

// list is a part of a list, and how long all of it is.
type list[T any] struct {
	List  []T `json:"list"`
	Total int `json:"total"`
}

func (c *Console) apps(w http.ResponseWriter, r *http.Request) {
	apps := c.broker.Apps()
	answer(w, struct {
		list[App]
		Password bool `json:"password"` // there is something to log out of
	}{list[App]{apps, len(apps)}, c.config.Password != ""})
}

func (c *Console) channels(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	channels, total := c.broker.Channels(q.Get("app"), q.Get("search"), maxRows)
	answer(w, list[Channel]{some(channels), total})
}

func (c *Console) members(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	members := c.broker.Members(q.Get("app"), q.Get("channel"), maxRows)
	answer(w, list[Member]{some(members), len(members)})
}

func (c *Console) connections(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	connections, total := c.broker.Connections(q.Get("app"), q.Get("search"), maxRows)
	answer(w, list[Connection]{some(connections), total})
}

// some is a list that is no null in JSON.
func some[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func (c *Console) disconnect(w http.ResponseWriter, r *http.Request) {
	var body struct {
		App       string `json:"app"`
		Socket    string `json:"socket"`
		MayReturn bool   `json:"may_return"`
	}
	if !read(w, r, maxBody, &body) {
		return
	}
	if !c.broker.Disconnect(body.App, body.Socket, body.MayReturn) {
		refuse(w, http.StatusNotFound, "This connection has ended already.")
		return
	}
	answer(w, struct{}{})
}

func (c *Console) publish(w http.ResponseWriter, r *http.Request) {
	var body struct {
		App string `json:"app"`
		Publication
	}
	limit := int64(maxBody)
	for _, app := range c.broker.Apps() {
		limit = max(limit, maxBody+6*int64(app.MaxData)) // JSON may write a byte in six
	}
	if !read(w, r, limit, &body) {
		return
	}
	subscribers, err := c.broker.Publish(body.App, body.Publication)
	if err != nil {
		refuse(w, http.StatusUnprocessableEntity, sentence(err))
		return
	}
	answer(w, map[string]int{"subscribers": subscribers})
}

// sentence is an error as the page shows it.
func sentence(err error) string {
	text := strings.TrimPrefix(err.Error(), "broker: ")
	return strings.ToUpper(text[:1]) + text[1:] + "."
}
