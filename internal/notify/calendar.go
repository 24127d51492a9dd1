package notify

import (
	"bytes"
	"fmt"
	"strconv"

	ics "github.com/arran4/golang-ical"
)

// calendar is the entry for the next end, nil where nothing is about to end. Its
// UID is that of the renewal, so that the next mail's entry replaces it.
func (f findings) calendar() ([]byte, error) {
	if f.next == nil {
		return nil, nil
	}
	c := ics.NewCalendar()
	c.SetProductId("-//Segue//notify//EN")
	e := c.AddEvent(identify(f.PublicURL, "end", f.Project, f.next.Service, f.next.User, strconv.Itoa(f.next.Generation)))
	e.SetDtStampTime(f.Now)
	e.SetStartAt(f.next.OldNotAfter)
	e.SetTimeTransparency(ics.TransparencyTransparent)
	e.SetSummary(fmt.Sprintf("%s of %s: the old pair ends", f.next.User, f.next.Service))
	e.SetDescription(f.next.whatToDo(f.Project))
	alarm := e.AddAlarm()
	alarm.SetAction(ics.ActionDisplay)
	alarm.SetTrigger("-P1D")
	alarm.SetProperty(ics.ComponentPropertyDescription, f.next.User+": the old pair ends tomorrow")
	var out bytes.Buffer
	if err := c.SerializeTo(&out, ics.WithNewLine("\r\n")); err != nil {
		return nil, fmt.Errorf("write the calendar entry of %s: %w", f.next.User, err)
	}
	return out.Bytes(), nil
}

// whatToDo is what the entry says of an end.
func (p *placed) whatToDo(project string) string {
	if p.Waits {
		return fmt.Sprintf("From then on, clients of %s are cut off. Its renewal waits for a new key: make one where the client runs and send its request:\n\n"+
			"segue service user-csr %s --project %s --username %s --csr %s.csr -d ./%s", p.User, p.Service, project, p.User, p.User, p.User)
	}
	return fmt.Sprintf("From then on, clients of %s that still use the old pair are cut off. Download the new pair, put it in use, acknowledge it:\n\n"+
		"segue service user-creds-download %s --project %s --username %s -d ./%s\n"+
		"segue service user-creds-acknowledge %s --project %s --username %s --generation %d",
		p.User, p.Service, project, p.User, p.User,
		p.Service, project, p.User, p.Generation)
}
