package console

import (
	"net/http"

	"github.com/segue-project/segue/internal/app"
)

func (s *server) channelRoutes(channels string, in func(page) http.HandlerFunc) {
	s.mux.HandleFunc("GET "+channels+"/new", in((*visit).newChannelPage))
	s.mux.HandleFunc("POST "+channels+"/new", in((*visit).createChannel))
	s.mux.HandleFunc("POST "+channels+"/{channel}/test", in((*visit).testChannel))
	s.mux.HandleFunc("GET "+channels+"/{channel}/delete", in((*visit).deleteChannelPage))
	s.mux.HandleFunc("POST "+channels+"/{channel}/delete", in((*visit).deleteChannel))
}

// channelForm is a dialog about a channel.
type channelForm struct {
	frame
	Name, URL, Message string
	Kind               app.ChannelKind
}

func (v *visit) newChannelPage() error {
	if err := v.manages(app.ManageNotices); err != nil {
		return err
	}
	return v.dialog(http.StatusOK, "Add channel", newChannelDialog(channelForm{frame: v.frame, Kind: app.ChannelWebhook}))
}

func (v *visit) createChannel() error {
	if err := v.form(); err != nil {
		return err
	}
	form := v.r.PostForm
	f := channelForm{frame: v.frame, Name: form.Get("name"), URL: form.Get("url"), Kind: app.ChannelKind(form.Get("kind"))}
	secret, err := v.App.CreateChannel(v.r.Context(), v.actor, v.frame.Project, f.Name, f.Kind, f.URL, v.now)
	if err != nil {
		status, e := v.refusal(err)
		f.Message = inForm(e.Message)
		return v.dialog(status, "Add channel", newChannelDialog(f))
	}
	if secret == "" {
		return v.done(v.frame.path("settings"), "Channel "+f.Name+" is added. Send a test to see that it arrives.")
	}
	v.secret = true
	return v.dialog(http.StatusOK, "Channel added", channelSecretDialog(f, secret))
}

func (v *visit) testChannel() error {
	name, back := v.r.PathValue("channel"), v.frame.path("settings")
	err := v.App.TestChannel(v.r.Context(), v.actor, v.frame.Project, name, v.now)
	if isCode(err, app.CodeConflict) {
		return v.done(back, name+": "+err.Error()+".")
	}
	if err != nil {
		return err
	}
	return v.done(back, "The test of "+name+" was delivered.")
}

func (v *visit) deleteChannelPage() error {
	if err := v.manages(app.ManageNotices); err != nil {
		return err
	}
	return v.dialog(http.StatusOK, "Delete channel", deleteChannelDialog(channelForm{frame: v.frame, Name: v.r.PathValue("channel")}))
}

func (v *visit) deleteChannel() error {
	f := channelForm{frame: v.frame, Name: v.r.PathValue("channel")}
	if err := v.App.DeleteChannel(v.r.Context(), v.actor, v.frame.Project, f.Name, v.now); err != nil {
		status, e := v.refusal(err)
		f.Message = inForm(e.Message)
		return v.dialog(status, "Delete channel", deleteChannelDialog(f))
	}
	return v.done(v.frame.path("settings"), "Channel "+f.Name+" is deleted; what was due on it is dropped.")
}
