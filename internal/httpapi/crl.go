package httpapi

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/segue-project/segue/internal/app"
)

const crlType = "application/pkix-crl"

// crlKept is how long a cache in between may keep a list: revocations should
// reach brokers within minutes.
const crlKept = "public, max-age=300"

// CRLPath names a revocation list; the router takes whole path segments only.
type CRLPath struct {
	File string `path:"file" doc:"Id of the authority, 16 hexadecimal digits, and .crl"`
}

type crlReply struct {
	ContentType  string `header:"Content-Type"`
	CacheControl string `header:"Cache-Control"`
	Body         []byte
}

func (s *server) crlRoutes() {
	op := operation(s, http.MethodGet, "/crl/{file}", "RevocationListGet", "Revocation list of an authority")
	op.Responses["200"] = &huma.Response{Description: "OK", Content: map[string]*huma.MediaType{crlType: {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}}}
	huma.Register(s.api, op, s.crl)
}

// crl is public: brokers fetch it without a token.
func (s *server) crl(ctx context.Context, in *CRLPath) (*crlReply, error) {
	id, err := strconv.ParseUint(strings.TrimSuffix(in.File, ".crl"), 16, 64)
	if err != nil || app.CRLPath(int64(id)) != "/crl/"+in.File {
		return nil, s.fail(ctx, &app.Error{Code: app.CodeNotFound, Message: "no such revocation list"})
	}
	der, err := s.App.CRL(ctx, int64(id), requestOf(ctx).now)
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	return &crlReply{ContentType: crlType, CacheControl: crlKept, Body: der}, nil
}
