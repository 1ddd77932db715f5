package apiauth_test

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"net/url"
	"time"

	"github.com/thimble-go/thimble/server/internal/apiauth"
)

func ExampleSign() {
	query := apiauth.Sign("key", "secret", "GET", "/apps/3/channels",
		url.Values{"info": {"user_count"}}, nil, time.Unix(1353088179, 0))
	fmt.Println(query.Encode())
	// Output: auth_key=key&auth_signature=e4534d65b1cd4105a7d44541568ba36f586d3d296cc87b80d3b9f1d3f62e44d1&auth_timestamp=1353088179&auth_version=1.0&info=user_count
}

func ExampleVerify() {
	now := time.Unix(1353088179, 0)
	request := apiauth.Request{
		Method: "GET",
		Path:   "/apps/3/channels",
		Query:  apiauth.Sign("key", "secret", "GET", "/apps/3/channels", nil, nil, now),
	}
	lookup := func(key string) (string, bool) { return "secret", key == "key" }

	fmt.Println(apiauth.Verify(request, now, lookup))

	err := apiauth.Verify(request, now.Add(time.Hour), lookup)
	var refused *apiauth.Error
	if errors.As(err, &refused) {
		fmt.Println(refused.Status(), refused.Code)
		fmt.Println(refused)
	}
	// Output:
	// <nil>
	// 401 bad_timestamp
	// auth_timestamp 1353088179 is more than 600 seconds behind this server's clock, which says 1353091779 (2012-11-16T18:49:39Z): set the sender's clock and sign each request anew
}

func ExampleFromHTTP() {
	now := time.Unix(1353088179, 0)
	signed := apiauth.Sign("key", "secret", "GET", "/apps/3/channels", nil, nil, now)
	r := httptest.NewRequest("GET", "/apps/3/channels?"+signed.Encode(), nil)

	lookup := func(key string) (string, bool) { return "secret", key == "key" }
	fmt.Println(apiauth.Verify(apiauth.FromHTTP(r, nil), now, lookup))
	// Output: <nil>
}
