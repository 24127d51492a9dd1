package httpapi

import (
	"context"
	"net/http"

	"github.com/segue-project/segue/api"
	"github.com/segue-project/segue/internal/app"
)

func (s *server) brokerKitRoutes() {
	call(s, http.MethodPost, atService+"/broker-kit", "ServiceBrokerKitCreate", "Files that make brokers take this service's users", s.brokerKit)
}

type brokerKitInput struct {
	ServicePath
	Body api.BrokerKitRequest
}

func (s *server) brokerKit(ctx context.Context, req *request, in *brokerKitInput) (api.BrokerKitReply, error) {
	files, err := s.App.BrokerKit(ctx, req.actor, in.Project, in.Service, app.KitRequest{
		Brokers:  each(in.Body.Brokers, kitBroker),
		ReplPort: in.Body.ReplPort, ControllerPort: in.Body.ControllerPort,
	}, req.now)
	return api.BrokerKitReply{Files: each(files, kitFile)}, err
}

func kitBroker(b api.KitBroker) app.KitBroker { return app.KitBroker(b) }
func kitFile(f app.KitFile) api.KitFile       { return api.KitFile(f) }
