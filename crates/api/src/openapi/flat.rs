//! Objects that are put together from others, as one.
//!
//! What a Rust type takes in of another comes out as `allOf`, which is true and of little use: readers
//! see two lists of fields, and generated clients two types.

use std::collections::BTreeMap;

use utoipa::openapi::{Object, RefOr, Schema};

type Schemas = BTreeMap<String, RefOr<Schema>>;

/// Makes one object of each schema that is several objects at once.
pub(super) fn flatten(schemas: &mut Schemas) {
    let flat = |(name, schema): (&String, &RefOr<Schema>)| match schema {
        RefOr::T(Schema::AllOf(_)) => Some((name.clone(), object(schema, schemas)?)),
        _ => None,
    };
    let flat: Vec<(String, Object)> = schemas.iter().filter_map(flat).collect();
    schemas.extend(
        flat.into_iter()
            .map(|(name, object)| (name, RefOr::T(Schema::Object(object)))),
    );
}

fn object(schema: &RefOr<Schema>, schemas: &Schemas) -> Option<Object> {
    match schema {
        RefOr::Ref(reference) => {
            let (_, name) = reference.ref_location.rsplit_once('/')?;
            object(schemas.get(name)?, schemas)
        }
        RefOr::T(Schema::Object(object)) => Some(object.clone()),
        RefOr::T(Schema::AllOf(all)) => {
            let parts = all.items.iter().map(|part| object(part, schemas));
            let mut whole = parts
                .collect::<Option<Vec<_>>>()?
                .into_iter()
                .reduce(joined)?;
            whole.description = all.description.clone();
            whole.example = all.example.clone().or(whole.example);
            Some(whole)
        }
        _ => None,
    }
}

/// The later fields first: they are the type's own.
fn joined(others: Object, mut own: Object) -> Object {
    own.properties.extend(others.properties);
    own.required.extend(others.required);
    own
}
