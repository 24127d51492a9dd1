package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"strconv"

	"github.com/segue-project/segue/api"
	"github.com/segue-project/segue/internal/app"
)

func (s *server) deliveryRoutes() {
	call(s, http.MethodGet, atProject+"/deliveries", "ProjectDeliveryList", "Messages, newest first", s.listDeliveries)
	call(s, http.MethodGet, atProject+"/deliveries/{delivery}", "ProjectDeliveryGet", "A message with its attempts", s.getDelivery)
	call(s, http.MethodPost, atProject+"/deliveries/{delivery}/retry", "ProjectDeliveryRetry", "Make a message that was given up due again", s.retryDelivery)
	call(s, http.MethodPost, atProject+"/notify/test", "ProjectTestMailSend", "Send yourself a test mail", s.sendTestMail)
	call(s, http.MethodGet, atProject+"/notify/preview", digestPreview, "The digest that would leave now", s.previewDigest)
}

type listDeliveriesInput struct {
	ProjectPath
	State string `query:"state" doc:"due, sent, kept, dropped or dead; all when left out"`
	After string `query:"after" doc:"The next of the page before"`
	Limit int    `query:"limit" doc:"1 to 1000; 100 when left out"`
}

func (s *server) listDeliveries(ctx context.Context, req *request, in *listDeliveriesInput) (api.DeliveriesReply, error) {
	found, next, err := s.App.ListMessages(ctx, req.actor, in.Project, app.MessageState(in.State), app.Page{After: in.After, Limit: in.Limit}, req.now)
	return api.DeliveriesReply{Deliveries: each(found, delivery), Next: stringOrAbsent(next)}, err
}

func delivery(m app.Message) api.Delivery {
	d := api.Delivery{
		ID: fmt.Sprintf("%016x", uint64(m.ID)), Kind: string(m.Kind), Event: string(m.Event), Channel: "mail", Recipient: m.Recipient,
		Subject: m.Subject, State: string(m.State), Attempts: m.Attempts, LastError: m.LastError,
		CreateTime: m.CreatedAt.UTC(),
	}
	if m.ChannelID != 0 {
		d.Channel = m.Recipient
	}
	switch m.State {
	case app.MessageDue:
		d.DueTime = timeOrNull(m.DueAt)
	case app.MessageSent, app.MessageKept:
		d.SentTime = timeOrNull(m.SentAt)
	}
	return d
}

// DeliveryPath names a message.
type DeliveryPath struct {
	ProjectPath
	Delivery string `path:"delivery" doc:"Id of the message, 16 hexadecimal digits"`
}

func (p DeliveryPath) id() (int64, error) {
	id, err := strconv.ParseUint(p.Delivery, 16, 64)
	if err != nil || len(p.Delivery) != 16 {
		return 0, &app.Error{Code: app.CodeNotFound, Message: "no such message in this project"}
	}
	return int64(id), nil
}

func (s *server) getDelivery(ctx context.Context, req *request, in *DeliveryPath) (api.DeliveryReply, error) {
	id, err := in.id()
	if err != nil {
		return api.DeliveryReply{}, err
	}
	m, attempts, err := s.App.GetMessage(ctx, req.actor, in.Project, id, req.now)
	return api.DeliveryReply{
		Delivery: delivery(m), Text: m.Body, HTML: m.HTML, Attempts: each(attempts, func(a app.Attempt) api.Attempt {
			return api.Attempt{Number: a.Number, StartTime: a.StartedAt.UTC(), Outcome: string(a.Outcome), Error: a.Error}
		}),
	}, err
}

func (s *server) retryDelivery(ctx context.Context, req *request, in *DeliveryPath) (api.Done, error) {
	id, err := in.id()
	if err == nil {
		err = s.App.RetryMessage(ctx, req.actor, in.Project, id, req.now)
	}
	return api.Done{Message: "due again"}, err
}

func (s *server) sendTestMail(ctx context.Context, req *request, in *ProjectPath) (api.Done, error) {
	return api.Done{Message: "sent to your address"}, s.App.SendTestMail(ctx, req.actor, in.Project, req.now)
}

func (s *server) previewDigest(ctx context.Context, req *request, in *ProjectPath) (api.Preview, error) {
	m, err := s.App.PreviewDigest(ctx, req.actor, in.Project, req.now)
	return api.Preview{Subject: m.Subject, Text: m.Text, HTML: m.HTML, Calendar: stringOrAbsent(string(m.Calendar))}, err
}
