package evaluate

import "context"

func (p *problem) permute(ctx context.Context, e *fitted, name string) (inferred, error) {
	return inferred{}, errNotFor{"not yet"}
}
